from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import format_reports
import pytest

from buckler.core.report import Report


@pytest.fixture
def usual() -> Report:
    return format_reports.usual()


@pytest.fixture
def empty() -> Report:
    return format_reports.report()


@pytest.fixture(scope="session")
def hostile() -> Report:
    return format_reports.hostile()


@pytest.fixture(scope="session")
def many() -> Report:
    return format_reports.many()


@pytest.fixture(scope="module")  # it keeps a loop in the main thread for as long as it is open
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = next(
        (p for p in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(p).exists()), None
    )
    if chromium is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with api.sync_playwright() as play:
        made = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens a page from a file; whatever the console says or is asked for elsewhere is an error."""
    contexts = []
    said: list[str] = []

    def open_page(text: str, fragment: str = "", **options: Any) -> Any:
        path = tmp_path / "report.html"
        path.write_text(text, encoding="utf-8")
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda r: r.url.startswith("file:") or said.append(f"asked for {r.url}"))
        page.goto(f"file://{path}{fragment}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []

"""The documentation pages in a real browser: they render, and no policy is violated."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.security import OAuth2PasswordBearer

from buckler.guard import Guard
from buckler.guard.presets import Preset
from tests.guard.asgi import get
from tests.waiting import until

uvicorn = pytest.importorskip("uvicorn")


def shop(preset: Preset = "api") -> FastAPI:
    app = FastAPI(title="Shop")

    @app.get("/items/{item_id}")
    async def item(
        item_id: int, token: str = Depends(OAuth2PasswordBearer(tokenUrl="/token"))
    ) -> dict[str, int]:
        """One item."""
        return {"id": item_id}

    inner = FastAPI(title="Inner")
    app.mount("/inner", inner)
    if preset == "strict":
        Guard(app, preset, https=None)
    else:
        Guard(app, preset)
    return app


@pytest.fixture(params=["api", "site", "strict"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(shop(request.param), log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        until(lambda: server.started)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs chromium")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with api.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=chromium, args=flags)
        yield opened
        opened.close()


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/docs", ".opblock-summary-path"),
        ("/redoc", ".menu-content label"),
        ("/inner/docs", ".info .title"),
    ],
)
def test_pages_render_without_a_violation(
    address: str, browser: Any, path: str, shown: str
) -> None:
    page = browser.new_page()
    page.set_default_timeout(60_000)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("requestfailed", lambda request: said.append(f"failed: {request.url}"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address + path)
    page.wait_for_selector(shown)
    page.wait_for_timeout(300)
    assert said == []
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


def test_trying_out_works_under_the_policy(address: str, browser: Any) -> None:
    page = browser.new_page()
    page.set_default_timeout(60_000)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(address + "/docs")
    page.click(".opblock-summary-control")
    page.click(".try-out__btn")
    page.fill("[placeholder=item_id]", "3")
    page.click(".execute")
    page.wait_for_selector(".live-responses-table tbody .response-col_status")
    assert "401" in page.inner_text(".live-responses-table tbody .response-col_status")
    assert [text for text in said if "Security" in text] == []


def test_without_the_package_the_network_s_scripts_are_named_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("buckler.guard.api_docs.PACKAGE", "no_such_package")
    policy = get(shop(), "/docs").header("content-security-policy") or ""
    assert "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui-bundle.js" in policy
    assert "unsafe-inline" not in policy

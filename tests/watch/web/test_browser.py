"""Every page in Chromium: nothing on the console, axe content, no wider than a phone, all of it by keyboard."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from buckler.watch.db import scans
from buckler.watch.interface import SYSTEM
from tests.npm import packages
from tests.watch.web.served import Served, filled, served

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
VENDOR = ROOT / "src/buckler/watch/web/static/vendor"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
CONTRAST = {"runOnly": ["color-contrast"]}
VIOLATIONS = """async (how) => (await axe.run(how)).violations.map((one) => [one.id, one.nodes[0].html.slice(0, 200)])"""
REACHABLE = """[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
  .filter((one) => one.checkVisibility() && one.tabIndex >= 0 && !one.disabled)
  .filter((one) => one.type !== "radio" || one.checked).length"""
FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  window.seen = window.seen || new Set();
  if (window.seen.has(one)) return null;
  window.seen.add(one);
  const style = getComputedStyle(one);
  return [one.outerHTML.slice(0, 90), style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1];
}"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("browser") / "data") as made:
        yield made


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next(
        (p for p in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(p).exists()), None
    )
    if program is None:
        pytest.skip("needs chromium")
    with api.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


class Walker:
    """Somebody signed in, and everything that their browser complains of."""

    def __init__(self, browser: Any, shop: Served) -> None:
        self.browser = browser
        self.shop = shop
        self.said: list[str] = []
        user_id, link = shop.administrator()
        self.paths = filled(shop.service, user_id)
        page = self.page(viewport=DESK)
        page.goto(link)
        assert page.url == f"{shop.address}/"
        self.state = page.context.storage_state()
        page.context.close()
        self.pages = self._pages(user_id)

    state: Any = None

    def page(self, **options: Any) -> Any:
        page = self.browser.new_context(storage_state=self.state, **options).new_page()
        page.on("console", lambda message: self.said.append(f"{page.url}: {message.text}"))
        page.on("pageerror", lambda error: self.said.append(f"{page.url}: {error}"))
        return page

    def _pages(self, user_id: str) -> list[str]:
        target, channel = f"/targets/{self.paths['target']}", f"/channels/{self.paths['channel']}"
        parts = ("", "/packages", "/operations", "/access", "/settings")
        kinds = ("webhook", "slack", "email", "syslog", "apprise")
        return [
            *("/", "/targets", "/targets/new", *(target + part for part in parts)),
            *("/findings", f"/findings/{self.paths['finding']}", "/findings?rule=NONE"),
            *("/scans", f"/scans/{self.paths['scan']}", "/packages", "/packages?name=starlette"),
            *("/events", f"/events?target={self.paths['target']}"),
            *("/alerts", "/channels", channel, *(f"/channels/new/{kind}" for kind in kinds)),
            *("/deliveries", "/users", f"/users/{user_id}", "/account", "/account/tokens"),
            *("/audit", "/settings", "/targets/none"),
        ]


@pytest.fixture(scope="module")
def walker(chromium: Any, shop: Served) -> Walker:
    return Walker(chromium, shop)


@pytest.fixture(scope="module")
def axe() -> str:
    return (packages("axe-core@4") / "node_modules/axe-core/axe.min.js").read_text()


def test_every_page_is_sound_in_light_and_dark_and_on_a_phone(walker: Walker, axe: str) -> None:
    page = walker.page(viewport=DESK, color_scheme="light")
    walker.said.clear()
    told: list[tuple[str, ...]] = []
    for path in ["/sign-in", "/sign-in?step=code", "/sign-in?failed=1", *walker.pages]:
        page.goto(walker.shop.address + path)
        # Through the debugger, as an extension would: the policy of the page lets no script of a test in.
        page.evaluate(f"() => {{ {axe} }}")
        told += [(path, "light", *one) for one in page.evaluate(VIOLATIONS, {})]
        page.emulate_media(color_scheme="dark")
        told += [(path, "dark", *one) for one in page.evaluate(VIOLATIONS, CONTRAST)]
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(PHONE)
        if (wider := page.evaluate(TOO_WIDE)) > 0:
            told.append((path, "phone", f"{wider} px too wide"))
        page.set_viewport_size(DESK)
    refused = [line for line in walker.said if "404" not in line and "401" not in line]
    assert told == []
    assert refused == []
    page.context.close()


def test_everything_is_reached_by_keyboard_and_seen_when_it_is(walker: Walker) -> None:
    page = walker.page(viewport=DESK)
    for path in ["/sign-in", *walker.pages]:
        page.goto(walker.shop.address + path)
        wanted, seen = page.evaluate(REACHABLE), []
        for _ in range(wanted + 60):
            page.keyboard.press("Tab")
            told = page.evaluate(FOCUSED)
            if told is not None:
                seen.append(told)
            if len(seen) >= wanted:
                break
        assert len(seen) >= wanted, (path, wanted, seen)
        assert [text for text, outlined in seen if not outlined] == [], path
    page.context.close()


def test_the_command_in_a_folder_shows_the_overview_with_what_it_found(
    chromium: Any, tmp_path: Path
) -> None:
    project = tmp_path / "shop"
    shutil.copytree(ROOT / "examples/insecure_shop", project)
    command = [sys.executable, "-m", "buckler", "watch", "--data", str(tmp_path / "data")]
    process = subprocess.Popen(
        [*command, "--port", "0"], cwd=project, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        link = [process.stdout.readline() for _ in range(2)][1].split()[-1]
        page = chromium.new_context(viewport=DESK).new_page()
        page.goto(link)
        # Where htmx is not there, people load the page again.
        for _ in range(60):
            if page.locator(".first li").count():
                break
            page.wait_for_timeout(1000)
            if not (VENDOR / "htmx.min.js").exists():
                page.reload()
        assert page.locator("h1").inner_text() == "Overview"
        assert page.locator(".first li").count() >= 3
        assert page.get_by_role("link", name="shop", exact=True).first.is_visible()
        page.get_by_role("link", name="Scans", exact=True).click()
        assert page.locator(".state.done").count() == 1
        page.context.close()
    finally:
        process.terminate()
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


def test_a_chart_is_drawn_where_script_runs_and_stands_there_where_none_does(
    walker: Walker,
) -> None:
    target = f"{walker.shop.address}/targets/{walker.paths['target']}"
    page = walker.page(viewport=DESK, java_script_enabled=False)
    page.goto(target)
    assert page.locator(".chart svg polyline").count() == 1
    page.context.close()
    page = walker.page(viewport=DESK)
    page.goto(target)
    drawn = (VENDOR / "uPlot.iife.min.js").exists()
    assert page.locator(".chart canvas").count() == int(drawn)
    page.context.close()


def test_a_scan_that_runs_moves_by_itself(walker: Walker) -> None:
    if not (VENDOR / "htmx.min.js").exists():
        pytest.skip("htmx is not in its place: scripts/vendor brings it where npm can fetch")
    database, target = walker.shop.service.database, walker.paths["target"]
    with database.write() as connection:
        scan, _ = scans.request(connection, SYSTEM, target, time.time())
    page = walker.page(viewport=DESK)
    page.goto(f"{walker.shop.address}/scans/{scan}")
    assert page.get_by_text("Waiting for a worker").is_visible()
    with database.write() as connection:
        attempt = scans.begin(connection, scan, "w", time.time())
    page.get_by_text("Scanning", exact=True).wait_for(timeout=60_000)
    with database.write() as connection:
        assert attempt is not None
        scans.end(
            connection, scan, attempt, "failed", {"ended_at": time.time(), "why": "no folder"}
        )
    page.locator("#progress .state.failed").wait_for(timeout=60_000)
    assert page.locator("#progress[hx-get]").count() == 0
    page.context.close()


def test_a_passkey_is_added_and_signs_in(walker: Walker) -> None:
    _, link = walker.shop.administrator()
    context = walker.browser.new_context(viewport=DESK)
    page = context.new_page()
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto(link)
    page.goto(f"{walker.shop.address}/account")
    page.locator("#add-passkey").click()
    page.get_by_text("passkey, made").wait_for(timeout=60_000)
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{walker.shop.address}/sign-in?next=/findings")
    page.locator("#passkey").click()
    page.wait_for_url(f"{walker.shop.address}/findings")
    assert page.get_by_role("heading", name="Findings", level=1).is_visible()
    assert page.get_by_role("button", name="Sign out").is_visible()
    context.close()

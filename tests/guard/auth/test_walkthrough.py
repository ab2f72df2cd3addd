"""An account in a real browser: sign-up, authenticator app, passkey, sign-out everywhere."""

from __future__ import annotations

import json
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
import uvicorn

from buckler.guard import Mail, MailKind
from tests.guard.auth.shop import GOOD, OTHER
from tests.guard.auth.walkthrough_page import page_app
from tests.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, list[Mail]]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://localhost:{listener.getsockname()[1]}"
        app, guard, mails = page_app(f"sqlite+aiosqlite:///{tmp_path}/shop.db", address)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        with guard.rated(None):
            thread = threading.Thread(target=server.run, args=([listener],))
            thread.start()
            until(lambda: server.started)
            yield address, mails
            server.should_exit = True
            thread.join()


@pytest.fixture
def chromium() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs chromium")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with api.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=program, args=flags)
        yield opened
        opened.close()


class Page:
    """A browser at the page, with an authenticator of its own."""

    def __init__(self, browser: Any, address: str) -> None:
        self.context = browser.new_context()
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.goto(address)
        self.devices = self.context.new_cdp_session(self.page)
        self.devices.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
        }
        made = self.devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.authenticator = made["authenticatorId"]

    def fill(self, **fields: str) -> None:
        for name, text in fields.items():
            self.page.fill(f"#{name}", text)

    def click(self, name: str) -> tuple[int, Any]:
        self.page.click(f"#{name}")
        self.page.locator("#out:not(:empty)").wait_for()
        text = self.page.inner_text("#out")
        assert not text.startswith("error"), text
        status, found = json.loads(text)
        return status, found

    def enter(self, password: str = GOOD) -> tuple[int, Any]:
        self.fill(name="ann@shop.example", password=password)
        return self.click("sign-in")


def test_an_account_from_its_first_to_its_last_day(
    site: tuple[str, list[Mail]], chromium: Any, tmp_path: Path
) -> None:
    address, mails = site
    laptop, phone = Page(chromium, address), Page(chromium, address)
    laptop.fill(name="ann@shop.example", password=GOOD)
    assert laptop.click("sign-up") == (202, {"detail": "ok"})
    assert laptop.enter(OTHER)[0] == 401
    assert [(mail.kind, mail.to) for mail in mails] == [(MailKind.VERIFY, "ann@shop.example")]
    assert mails[0].link.startswith(f"{address}/verify#token=")
    assert laptop.enter()[1]["status"] == "signed_in"
    cookies = {cookie["name"]: cookie for cookie in laptop.context.cookies()}
    assert cookies["__Host-session"]["httpOnly"]
    assert cookies["__Host-session"]["secure"]
    assert cookies["__Host-session"]["sameSite"] == "Lax"
    before = cookies["__Host-session"]["value"]

    status, made = laptop.click("totp")
    assert status == 201
    assert laptop.page.locator("#qr svg").bounding_box()["width"] > 50
    laptop.page.screenshot(path=str(tmp_path / "account.png"))
    app = pyotp.TOTP(made["secret"])
    code = app.now()
    laptop.fill(code=code)
    status, confirmed = laptop.click("confirm")
    assert status == 200
    codes = confirmed["recovery_codes"]
    assert len(codes) == 10
    after = {cookie["name"]: cookie["value"] for cookie in laptop.context.cookies()}
    assert after["__Host-session"] != before

    status, asked = phone.enter()
    assert (status, asked["status"]) == (200, "second_factor")
    assert phone.click("me")[0] == 401
    phone.fill(code=code)  # of a step that was used already
    assert phone.click("finish")[0] == 401
    phone.fill(code=codes[0])
    assert phone.click("finish")[1]["status"] == "signed_in"
    assert phone.click("me")[1]["name"] == "ann@shop.example"

    status, passkey = laptop.click("passkey")
    assert (status, passkey["name"]) == (201, "laptop")
    credentials = laptop.devices.send(
        "WebAuthn.getCredentials", {"authenticatorId": laptop.authenticator}
    )
    assert len(credentials["credentials"]) == 1

    assert laptop.click("everywhere")[0] == 200
    assert laptop.click("me")[0] == 401
    assert phone.click("me")[0] == 401
    assert laptop.click("passkey-in")[1]["status"] == "signed_in"
    assert laptop.click("me")[1]["name"] == "ann@shop.example"
    # Nothing but the refusals that were asked for: no violation of a policy, no error of a script.
    meant = ("401 (Unauthorized)", "Clear-Site-Data header on")
    assert [t for t in laptop.said + phone.said if not any(one in t for one in meant)] == []

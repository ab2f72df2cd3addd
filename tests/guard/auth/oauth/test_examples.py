"""The three programs of examples/ as their README starts them, walked through in a real browser, and scanned."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import ROOT, Scan
from tests.guard.access.shop import SECRET
from tests.ports import free_port

EXAMPLES = ROOT / "examples"
NAME, PASSWORD = "ann@birch.example", "a-wren-in-the-old-quince"
PARTS = ("oauth_server", "oauth_spa", "oauth_api")


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Addresses of the three while they run."""
    folder = tmp_path_factory.mktemp("birch")
    ports = {name: free_port() for name in PARTS}
    found = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    environment = {
        **os.environ,
        "ISSUER": found["oauth_server"],
        "SPA": found["oauth_spa"],
        "API": found["oauth_api"],
        "DATABASE": f"sqlite+aiosqlite:///{folder}/birch.db",
        "SECRET": SECRET,
        "DEMO_NAME": NAME,
        "DEMO_PASSWORD": PASSWORD,
        "PYTHONPATH": str(ROOT / "src"),
    }
    processes = []
    try:
        for name, port in ports.items():
            command = [sys.executable, "-m", "uvicorn", "--app-dir", str(EXAMPLES / name)]
            command += ["--no-server-header", "--port", str(port), "main:app"]
            with (folder / f"{name}.log").open("wb") as log:
                processes.append(
                    subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
                )
        for name, place in found.items():
            wait(place, folder / f"{name}.log")
        yield found
    finally:
        for one in processes:
            one.terminate()
            one.wait(20)


def wait(place: str, log: Path) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            httpx2.get(place, timeout=60)
        except httpx2.TransportError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs chromium: scripts/test installs it where it is root")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with api.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=program, args=flags)
        yield opened
        opened.close()


def test_there_and_back(places: dict[str, str], chromium: Any) -> None:
    context = chromium.new_context()
    page = context.new_page()
    said: list[str] = []
    # That storage was cleared is told, too.
    page.on("console", lambda one: said.append(one.text) if one.type in ("error", "warning") else 0)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(places["oauth_spa"])
    page.click("text=Sign in")
    page.fill("#name", NAME)
    page.fill("#password", PASSWORD)
    page.click("button:has-text('Sign in')")
    # The page of the example's own, with its own style.
    page.wait_for_selector("text=Birch orders would like to")
    assert page.locator("text=See what you ordered").count() == 1
    assert "Georgia" in page.evaluate("getComputedStyle(document.body).fontFamily")
    page.click("text=That is fine")
    page.wait_for_selector("text=a spade, ash handle")
    assert page.url == f"{places['oauth_spa']}/"
    page.click("text=Ask again")
    page.wait_for_selector("text=by new tokens")
    page.click("text=Sign out")
    page.wait_for_selector("text=You are not signed in.")
    assert page.url == f"{places['oauth_spa']}/"
    # Nothing was refused by a policy, and no error was hidden.
    assert said == []
    context.close()


def test_the_pages_of_the_server_need_no_script(places: dict[str, str], chromium: Any) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    asked = {
        "client_id": "orders-page",
        "response_type": "code",
        "redirect_uri": f"{places['oauth_spa']}/",
        "scope": "openid orders:read",
        "prompt": "consent",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "state": "s",
    }
    page.goto(f"{places['oauth_server']}/oauth/authorize?{httpx2.QueryParams(asked)}")
    page.fill("#name", NAME)
    page.fill("#password", "something else entirely")
    page.click("button:has-text('Sign in')")
    assert "do not belong together" in page.inner_text("[role=alert]")
    page.fill("#name", NAME)
    page.fill("#password", PASSWORD)
    page.click("button:has-text('Sign in')")
    page.click("text=No, thank you")
    assert "error=access_denied" in page.url
    context.close()


def test_a_token_is_of_no_use_without_its_key(places: dict[str, str]) -> None:
    answer = httpx2.get(f"{places['oauth_api']}/orders", headers={"Authorization": "Bearer x.y.z"})
    assert answer.status_code == 401
    assert "DPoP algs=" in answer.headers["www-authenticate"]


@pytest.mark.parametrize("name", PARTS)
def test_a_scan_is_silent(
    name: str, scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", SECRET)
    folder = tmp_path / name
    shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns("*.db*", "__pycache__"))
    report = scan(folder)
    assert [f"{one.rule} {one.message}" for one in report.findings] == []

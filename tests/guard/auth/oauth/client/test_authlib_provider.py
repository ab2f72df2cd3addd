"""Sign-in with a provider of Authlib on Flask, in an interpreter of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from buckler.guard import EventKind, Provider
from tests.guard.auth.oauth.client.shop import opened, there

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
PLACE = Path(tempfile.gettempdir()) / f"buckler-authlib-{os.getuid()}"
PACKAGES = ("authlib==1.9.*", "flask==3.*", "joserfc==1.*")
SECRET = "a secret of the client: +%/"
WAYS: dict[str, Any] = {
    "basic": {"client_secret": SECRET, "authentication": "client_secret_basic"},
    "post": {"client_secret": SECRET, "authentication": "client_secret_post"},
    "public": {},
}


def interpreter() -> Path:
    """One that has Authlib and Flask; made once for all runs on this machine."""
    if not (PLACE / "whole").exists():
        made = Path(tempfile.mkdtemp(prefix="buckler-authlib-"))
        for command in (
            [sys.executable, "-m", "venv", str(made)],
            [str(made / "bin/python"), "-m", "pip", "install", "-q", *PACKAGES],
        ):
            done = subprocess.run(command, capture_output=True, text=True, timeout=180)
            if done.returncode:
                pytest.skip(f"needs Authlib and Flask: {' '.join(command)}")
        (made / "whole").touch()
        try:
            made.rename(PLACE)
        except OSError:  # another worker was faster
            shutil.rmtree(made)
    return PLACE / "bin/python"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    command = [str(interpreter()), str(HERE / "authlib_provider.py")]
    environment = {**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None and process.stderr is not None
            line = process.stdout.readline().strip()
            assert line, process.stderr.read()
            yield line
        finally:
            process.terminate()


@pytest.mark.parametrize("name", WAYS)
def test_code_userinfo_and_refresh(issuer: str, name: str) -> None:
    known = Provider(
        name,
        issuer=issuer,
        client_id=name,
        email_domains=["mail.example"],
        keep_tokens=True,
        **WAYS[name],
    )
    with opened(known) as shop, httpx2.Client() as browser:
        back = there(browser, shop.begin(name, next="/orders"))
        assert shop.come_back(back).headers["location"] == "/orders", shop.events
        me = shop.me().json()
        assert (me["name"], me["verified"]) == ("ann@mail.example", True)
        assert 0 <= shop.clock() - me["authenticated"] < 60
        assert shop.why(shop.come_back(back)) == "again"
        store = shop.guard.identities.stores.external_tokens
        for _ in range(2):  # each refresh token is good for one use
            before = shop.do(shop.sign_in_with.token, me["id"], name)
            kept = shop.do(store.find, me["id"], name)
            shop.do(store.put, replace(kept, expires=shop.clock()))
            after = shop.do(shop.sign_in_with.token, me["id"], name)
            assert after.value != before.value
            url = f"{issuer}/userinfo"
            assert browser.get(url, headers=after.headers("GET", url)).json()["sub"] == "ann"


def test_a_secret_that_is_wrong(issuer: str) -> None:
    known = Provider("basic", issuer=issuer, client_id="basic", client_secret="another secret")
    with opened(known) as shop, httpx2.Client() as browser:
        assert shop.why(shop.enter("basic", browser)) == "failed"
        assert shop.events[-1].detail["error"] == "invalid_client"
        assert shop.reasons(EventKind.SIGN_IN_FAILED) == ["federated_refused"]

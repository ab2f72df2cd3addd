"""The examples of docs/second-factors.md run as they stand there, and do what the page says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pyotp
import pytest
from starlette.testclient import TestClient

from buckler.guard.auth.routes import factors
from buckler.guard.stores.records import Passkey
from tests.conftest import ROOT
from tests.guard.access.shop import SECRET
from tests.guard.auth.mfa.authenticator import Authenticator
from tests.guard.auth.shop import GOOD

PAGE = (ROOT / "docs/second-factors.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRET", SECRET)
    module = ModuleType("docs_second_factors")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for source in blocks("python"):
        exec(compile(source, "docs/second-factors.md", "exec"), module.__dict__)
    return module.__dict__


def test_they_do_what_they_say(names: dict[str, Any]) -> None:
    guard = names["guard"]
    with guard.rated(None), TestClient(names["app"], base_url="https://shop.example") as client:
        assert client.portal is not None
        call = client.portal.call
        body = {"name": "ann@shop.example", "password": GOOD}
        assert client.post("/auth/sign-up", json=body).status_code == 202
        assert client.post("/auth/sign-in", json=body).json()["status"] == "signed_in"
        assert client.post("/payouts").status_code == 401
        user = call(guard.identities.stores.users.by_name, "ann@shop.example")
        app = pyotp.parse_uri(call(names["new_app"], user))
        now = int(time.time())
        code = {"code": app.at(now)}
        answer = client.post("/auth/factors/totp/confirm", json=code)
        assert len(answer.json()["recovery_codes"]) == 10
        assert client.post("/payouts").json() == "ann@shop.example"
        assert call(names["check"], user, app.at(now)) == ""
        assert call(names["check"], user, answer.json()["recovery_codes"][0]) == "recovery"
        device = Authenticator(origin="https://shop.example")
        asked = client.post("/auth/factors/passkeys/options").json()
        made = {"name": "phone", "credential": device.make(asked["options"])}
        added = client.post("/auth/factors/passkeys", json={"ticket": asked["ticket"], **made})
        assert added.status_code == 201
        call(names["lost_everything"], user, user)
        assert call(guard.identities.second_factors, user.id) == frozenset()


def test_every_route_is_on_the_page(names: dict[str, Any]) -> None:
    table = PAGE.split("| route | what |")[1].split("\n\n")[0]
    told = set(re.findall(r"`(?:GET|POST|DELETE) (/[^`]*)`", table))
    found = {
        entry.template.removeprefix("/auth")
        for entry in names["guard"].access_table()
        if "factors" in entry.template or "passkey" in entry.template
    }
    assert told == {re.sub(r"\{\w+\}", "{id}", path) for path in found}


def test_the_script_is_one(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    (script,) = blocks("js")
    (tmp_path / "page.mjs").write_text(script)
    done = subprocess.run([node, "--check", tmp_path / "page.mjs"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_reason_is_on_the_page() -> None:
    source = Path(factors.__file__).parent.parent / "mfa"
    text = "".join(file.read_text() for file in source.glob("*.py"))
    events = set(
        re.findall(r'"(totp_\w+|codes_made|code_used|passkey_\w+|\w+_removed|factors_reset)"', text)
    )
    events -= set(Passkey.__dataclass_fields__)
    missing = {event for event in events if f"`{event}`" not in PAGE}
    assert missing == set()

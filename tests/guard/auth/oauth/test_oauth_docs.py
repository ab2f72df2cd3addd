"""The examples of docs/oauth.md run as they stand there, and its tables name every option."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from buckler.guard import OAuthClient, OAuthPolicy
from tests.conftest import ROOT
from tests.guard.access.shop import SECRET
from tests.guard.auth.oauth.scene import KEPT

PAGE = (ROOT / "docs/oauth.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What all of them together define."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setenv("NIGHTLY_SECRET", KEPT)
    found: dict[str, Any] = {"__name__": "docs.oauth"}
    for block in BLOCK.findall(PAGE):
        exec(compile(block, "docs/oauth.md", "exec"), found)
    return found


def test_they_do_what_they_say(names: dict[str, Any]) -> None:
    with TestClient(names["app"], base_url="http://127.0.0.1:8000") as client:
        answer = client.post(
            "/oauth/token", data={"grant_type": "client_credentials"}, auth=("nightly", KEPT)
        )
        assert answer.json()["scope"] == "orders:read"
        metadata = client.get("/.well-known/openid-configuration").json()
        assert metadata["issuer"] == "http://127.0.0.1:8000"
        assert client.get("/oauth/clients").status_code == 401
    assert names["old"].may("implicit")
    assert names["branded"].templates == "templates"


@pytest.mark.parametrize("kind", [OAuthClient, OAuthPolicy])
def test_every_option_is_on_the_page(kind: type[Any]) -> None:
    missing = {item.name for item in fields(kind)} - set(re.findall(r"`(\w+)`", PAGE))
    assert not missing

"""The quick start of docs/identities.md runs as it stands there: sign-in, refresh, roles, keys."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from starlette.testclient import TestClient

from buckler.guard.testing import guard_principal
from tests.conftest import ROOT
from tests.guard.access.shop import SECRET

__all__ = ["guard_principal"]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PASSWORD = "correct horse battery staple"


def blocks() -> list[str]:
    return BLOCK.findall((ROOT / "docs/identities.md").read_text(encoding="utf-8"))


def run(name: str, sources: list[str]) -> dict[str, Any]:
    """A module of its own: FastAPI looks names up in the module of a handler."""
    module = ModuleType(name)
    sys.modules[name] = module
    for source in sources:
        exec(compile(source, "docs/identities.md", "exec"), module.__dict__)
    return module.__dict__


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRET", SECRET)
    for folder in ("reports", "assets"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(folder)
    return tmp_path


def test_the_quick_start_has_thirty_lines() -> None:
    code = [line for line in blocks()[0].splitlines() if line.strip()]
    assert len(code) <= 30


def test_the_quick_start_works(here: Path) -> None:
    found = run("docs_quick_start", blocks()[:2])
    app, guard = found["app"], found["guard"]
    with guard.rated(None), TestClient(app, base_url="https://testserver") as client:
        body = {"name": "ann@shop.example", "password": PASSWORD}
        assert client.get("/health").json() == "ok"
        assert client.get("/me").status_code == 401
        assert client.post("/auth/sign-up", json=body).status_code == 202
        pair = client.post("/auth/tokens", json=body).json()
        bearer = {"Authorization": f"Bearer {pair['access_token']}"}
        assert client.get("/me", headers=bearer).json() == "ann@shop.example"
        assert client.post("/orders", headers=bearer).status_code == 403
        assert client.portal is not None
        client.portal.call(found["first_administrator"], "ann@shop.example")
        assert client.post("/orders", headers=bearer).json() == "ordered"
        new = client.post("/auth/refresh", json={"refresh_token": pair["refresh_token"]}).json()
        bearer = {"Authorization": f"Bearer {new['access_token']}"}
        key = client.post("/auth/keys", json={"name": "ci"}, headers=bearer).json()["key"]
        assert client.post("/orders", headers={"X-API-Key": key}).json() == "ordered"
        assert client.post("/auth/sign-in", json=body).json()["status"] == "signed_in"
        assert client.get("/me").json() == "ann@shop.example"
    assert os.path.exists(here / "shop.db")


def test_the_other_examples_run_too(here: Path) -> None:
    found = run("docs_identities", blocks())
    app, guard = found["app"], found["guard"]
    words = {entry.template: entry.words() for entry in guard.access_table()}
    assert words["/clerks/today"] == "orders:read"
    assert words["/reports/{path:path}"] == "orders:read"
    assert words["/orders/{order_id}"] == "orders:read, owner or orders:manage"
    with guard.rated(None), TestClient(app, base_url="https://testserver") as client:
        assert client.portal is not None
        body = {"name": "bob@shop.example", "password": PASSWORD}
        assert client.post("/auth/sign-up", json=body).status_code == 202
        user = client.portal.call(guard.identities.stores.users.by_name, "bob@shop.example")
        client.portal.call(found["night_shift"], user.id)
        pair = client.post("/auth/tokens", json=body).json()
        bearer = {"Authorization": f"Bearer {pair['access_token']}"}
        assert client.get("/clerks/today", headers=bearer).json() == []
        key = {"X-API-Key": client.portal.call(found["new_program"], "export")}
        assert client.get("/clerks/today", headers=key).json() == []
        assert client.post("/orders", headers=key).status_code == 403
        assert client.get("/assets/a.txt").text == "assets"
        refused = client.get("/reports/a.txt", follow_redirects=False)
        assert refused.headers["location"] == "/sign-in"  # what the page's handler makes of 401


def test_the_pages_sign_in(here: Path) -> None:
    app = run("docs_pages", blocks())["app"]
    with TestClient(app, base_url="https://testserver", follow_redirects=False) as client:
        body = {"name": "ann@shop.example", "password": PASSWORD}
        assert client.post("/auth/sign-up", json=body).status_code == 202
        assert client.get("/me").headers["location"] == "/sign-in"
        wrong = client.post("/sign-in", data={**body, "password": "not it, not at all"})
        assert wrong.status_code == 401
        assert client.post("/sign-in", data=body).headers["location"] == "/"
        assert client.get("/me").json() == "ann@shop.example"
        assert client.post("/leave").headers["location"] == "/sign-in"
        assert client.get("/me").headers["location"] == "/sign-in"


def test_the_test_runs_too(here: Path, guard_principal: Any) -> None:
    run("docs_identities_again", blocks())["test_orders"](guard_principal)

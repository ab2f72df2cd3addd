"""The examples of docs/sign-in-with.md run as they stand there, and its tables are those of the code and the tests."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from buckler.guard import Provider
from buckler.guard.auth.oauth.client.finish import TOLD
from tests.conftest import ROOT
from tests.guard.access.shop import SECRET
from tests.guard.auth.oauth.client import test_kept_tokens, test_rp_plans

PAGE = (ROOT / "docs/sign-in-with.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What all of them together define."""
    monkeypatch.chdir(tmp_path)
    for name in ("SECRET", "GOOGLE", "GITHUB", "SSO"):
        monkeypatch.setenv(name, SECRET)
    found: dict[str, Any] = {"__name__": "docs.sign_in_with"}
    for block in BLOCK.findall(PAGE):
        exec(compile(block, "docs/sign-in-with.md", "exec"), found)
    return found


def test_they_do_what_they_say(names: dict[str, Any]) -> None:
    with TestClient(names["app"], base_url="https://shop.example") as client:
        # GitHub publishes no metadata: nothing is called.
        answer = client.get("/auth/with/github?next=/orders", follow_redirects=False)
        assert answer.headers["location"].startswith("https://github.com/login/oauth/authorize?")
        assert "shop.example%2Fauth%2Fwith%2Fgithub%2Fcallback" in answer.headers["location"]
        assert client.get("/auth/with").status_code == 401
    assert sorted(names["sign_in_with"].providers) == ["github", "google", "sso"]
    assert names["inside"].ports == {8443}


def rows(head: str) -> list[list[str]]:
    """The words of each row of a table, by its cells."""
    table = PAGE.split(head)[1].split("\n\n")[0]
    return [re.findall(r"`([^`]+)`", row.split("|")[1]) for row in table.splitlines()[2:]]


def test_every_word_that_a_page_is_told_is_there() -> None:
    words = [word for row in rows("| `why` |") for word in row]
    assert sorted(words) == sorted({*TOLD.values(), "failed"})


def test_every_option_of_the_table_is_one() -> None:
    words = {word for row in rows("| option |") for word in row}
    assert words <= {one.name for one in fields(Provider)}


def test_every_route_of_the_table_is_there(names: dict[str, Any]) -> None:
    from fastapi.routing import APIRoute

    there = {
        f"{method} {route.path}"
        for route in names["sign_in_with"].router().routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    told: set[str] = set()
    for row in rows("| route |"):
        methods = [m for cell in row for m in re.findall(r"GET|POST", cell)]
        (path,) = {p for cell in row for p in re.findall(r"(/auth\S*)", cell)}
        told |= {f"{method} {path.replace('{provider}', '{name}')}" for method in methods}
        if ".../unlink" in row:
            told.add("POST /auth/with/{name}/unlink")
    assert told == there - {"GET /auth/with/signed-out"}


def test_every_module_of_the_table_is_a_test() -> None:
    modules = [word for row in rows("| module |") for word in row]
    assert len(modules) == len(set(modules)) >= 33
    names = {name.removeprefix("test_").replace("_", "-") for name in dir(test_rp_plans)}
    wrong = "oidcc-client-test-rp-backchannel-rpinitlogout"
    names |= {f"{wrong}-{one.replace('_', '-')}" for one in test_rp_plans.WRONG}
    refreshed = Path(test_kept_tokens.__file__).read_text(encoding="utf-8")
    for module in modules:
        stem, _, ending = module.rpartition("-invalid")
        said = module in names or module in refreshed or (stem in refreshed and ending in refreshed)
        assert said, module
    tests = {name for name in names if name.startswith("oidcc-client-test")}
    assert tests - set(modules) == {f"{wrong}-that-is-wrong"}


def test_every_test_of_the_table_is_there() -> None:
    table = PAGE.split("| requirement |")[1].split("\n\n")[0]
    told = re.findall(r"`(test_\w+)`", table)
    folder = Path(__file__).parent
    there = "".join(one.read_text(encoding="utf-8") for one in folder.glob("test_*.py"))
    assert len(told) > 12
    assert [one for one in told if f"def {one}(" not in there] == []

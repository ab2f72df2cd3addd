"""The examples of docs/passwords.md run, and do what is written beside them."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from buckler.guard import MemoryStores
from buckler.guard.auth.lockout import Delays
from tests.conftest import ROOT

PAGE = (ROOT / "docs/passwords.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GOOD, NEW = "seven blue umbrellas", "nine green kettles"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What all of them together define."""
    monkeypatch.setenv("SHOP_SECRET", "s" * 48)
    found: dict[str, Any] = {"__name__": "docs.passwords"}
    for block in BLOCK.findall(PAGE):
        exec(compile(block, "docs/passwords.md", "exec"), found)
    return found


def test_the_shop(names: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    alice = {"name": "Alice@mail.example", "password": GOOD}
    with TestClient(names["app"], base_url="https://shop.example") as client:
        assert client.post("/sign-up", json=alice | {"password": "short"}).status_code == 422
        assert client.post("/sign-up", json=alice).status_code == 202
        assert client.post("/sign-up", json=alice | {"password": NEW}).status_code == 202
        assert client.post("/sign-in", json=alice).status_code == 200
        assert "__Host-device" in client.cookies
        for wrong in ({"password": NEW}, {"name": "bob"}):
            answer = client.post("/sign-in", json=alice | wrong)
            assert (answer.status_code, answer.json()["detail"]) == (
                401,
                "The name or the password is wrong.",
            )
        for name in ("alice@mail.example", "nobody"):
            answer = client.post("/reset/request", params={"name": name})
            assert (answer.status_code, answer.content) == (202, b"null")
        sent = capsys.readouterr().out
        links = re.findall(r"to (\S+): (\w+) https://shop\.example/(\w+)#token=(\S+)", sent)
        assert [link[:3] for link in links] == [
            ("alice@mail.example", "verify", "verify"),
            ("alice@mail.example", "name_taken", "reset"),
            ("alice@mail.example", "reset", "reset"),
        ]
        token = links[2][3]
        assert client.post("/reset", json={"token": token, "password": "x"}).status_code == 422
        assert client.post("/reset", json={"token": token, "password": NEW}).status_code == 200
        assert client.post("/reset", json={"token": token, "password": GOOD}).status_code == 400
        assert client.post("/sign-in", json=alice).status_code == 401
        assert client.post("/sign-in", json=alice | {"password": NEW}).status_code == 200


def test_the_other_examples(names: dict[str, Any]) -> None:
    assert names["fixed"].memory == 2 * 160 * 1024 * 1024
    assert asyncio.run(names["invite"](MemoryStores())) == "team-7"
    assert names["policy"].leaks is not None


def test_the_schedule_in_the_text() -> None:
    told = "2, 4, 8, 16, 32, 64, 128, 256, 512 and from then on 900 seconds"
    assert told in " ".join(PAGE.split())
    waits = [Delays().after(failures) for failures in range(1, 17)]
    assert waits == [0] * 5 + [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]

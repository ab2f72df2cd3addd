"""Tokens that count and are not enough for a route (RFC 9470; ASVS 5.0 V10.3.4)."""

from __future__ import annotations

from typing import Any

import pytest

from buckler.guard import GuardError
from tests.guard.auth.oauth.resource.api import api, challenges, token
from tests.guard.auth.tokens import NOW

API = api()


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"acr": "phr"},
        {"auth_time": NOW},
        {"acr": "phr", "auth_time": NOW - 301},
        {"acr": "pwd", "auth_time": NOW},
        {"acr": "PHR", "auth_time": NOW},
        {"acr": "phr phrh", "auth_time": NOW},
    ],
)
def test_not_enough(claims: dict[str, Any]) -> None:
    API.events.clear()
    answer = API.bearer(token(**claims), "/paid")
    assert answer.status == 401
    told = challenges(answer)["Bearer"]
    assert told["error"] == "insufficient_user_authentication"
    assert (told["acr_values"], told["max_age"]) == ("phr phrh", "300")
    assert [kind for kind, _ in API.reasons()] == ["access.refused"]


def test_enough() -> None:
    for acr in ("phr", "phrh"):
        assert API.bearer(token(acr=acr, auth_time=NOW - 300), "/paid").status == 200


def test_only_what_is_required_is_said() -> None:
    made = api()

    @made.app.get("/recent", dependencies=[made.server.requires(max_age=60)])
    async def recent() -> str:
        return "recent"

    @made.app.get("/strong", dependencies=[made.server.requires(acr=["phr"])])
    async def strong() -> str:
        return "strong"

    told = {p: challenges(made.bearer(token(), p))["Bearer"] for p in ("/recent", "/strong")}
    assert told["/recent"]["max_age"] == "60"
    assert told["/strong"]["acr_values"] == "phr"
    assert "acr_values" not in told["/recent"] and "max_age" not in told["/strong"]
    assert "scope" not in told["/recent"]


def test_scopes_come_first() -> None:
    answer = API.bearer(token(scope="profile"), "/paid")
    assert (answer.status, challenges(answer)["Bearer"]["error"]) == (403, "insufficient_scope")


@pytest.mark.parametrize(
    "options",
    [
        {"acr": 'a"b'},
        {"acr": ['a"b']},
        {"acr": ["a b"]},
        {"acr": [""]},
        {"max_age": 0},
        {"max_age": "300"},
    ],
)
def test_options(options: dict[str, Any]) -> None:
    with pytest.raises(GuardError):
        API.server.requires("orders:read", **options)


@pytest.mark.parametrize("scope", ["", "a b", 'a"b', "a\\b", "ä", 7])
def test_what_is_no_scope(scope: Any) -> None:
    with pytest.raises(GuardError):
        API.server.requires(scope)

"""An ID token says what JSON knows: of anything else there is an error, and no token with an object's inside in it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import jwt
import pytest
from pydantic import BaseModel

from tests.guard.auth.oauth.scene import POLICY, WEB, opened

ASKED = json.dumps({"id_token": {"nickname": None}})


@dataclass
class Person:
    name: str = "Ann"
    password_hash: str = "$argon2id$..."


class Shown(BaseModel):
    name: str = "Ann"
    password_hash: str = "$argon2id$..."


def told(value: Any) -> Any:
    """What the ID token says of a claim that the application gives."""

    async def claims(user: Any, scopes: frozenset[str]) -> dict[str, Any]:
        return {"nickname": value}

    with opened(WEB, policy=replace(POLICY, claims=claims)) as scene:
        scene.account()
        code = scene.code(scope="openid profile", claims=ASKED, prompt="consent")
        token = scene.redeem(code).json()["id_token"]
    return jwt.decode(token, options={"verify_signature": False})["nickname"]


@pytest.mark.parametrize(
    "value",
    [
        Person(),
        [Person()],
        {"of": Person()},
        Shown(),
        datetime(2026, 1, 2, tzinfo=UTC),
        b"bytes",
        {"a", "set"},
        Decimal("1.10"),
        UUID(int=1),
        float("nan"),
        {"of": float("inf")},
        {(1, 2): "a name that is no text"},
        "half of a pair \ud800",
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_claim_that_json_has_no_type_for_is_an_error(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        told(value)


@pytest.mark.parametrize(
    "value",
    [
        "Ann \u00e9 \u2028 </script> \x00 \U0001f980",
        2**70,
        -0.5,
        1e-7,
        True,
        None,
        {"street": "Elm", "floors": [1, {"of": [None, "x"]}], "": {}},
        [[[]]],
    ],
    ids=repr,
)
def test_what_json_has_arrives_as_it_is(value: Any) -> None:
    assert told(value) == value

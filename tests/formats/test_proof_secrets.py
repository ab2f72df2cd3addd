"""Credentials of an identity stand in no report, whatever their header is called."""

from __future__ import annotations

import json

import pytest

from buckler.core.redact import Redactor
from buckler.scan.engines.attack import proofs
from buckler.scan.engines.interface import Answer, Exchange, Request

SECRET = "s3cr3t-of-alice"


def data(request: Request, *secrets: str, mark: str = "") -> dict[str, object]:
    item = Exchange(None, request, Answer(200))
    return dict(proofs.exchange(item, Redactor(secrets), mark=mark).data)


@pytest.mark.parametrize("name", ["x-auth", "x-session", "cookie", "x-api-key", "x-pin", "x-who"])
def test_a_header_that_signs_in_is_left_out(name: str) -> None:
    request = Request("GET", "/", headers=((name, SECRET), ("host", "a")), identity="alice")
    made = data(request, SECRET)
    assert SECRET not in json.dumps(made)
    assert made["replay"]["headers"] == [["host", "a"]]  # type: ignore[index]


def test_a_short_value_is_left_out_too() -> None:
    request = Request("GET", "/", headers=(("x-who", "ab1"),), identity="alice")
    assert data(request)["replay"]["headers"] == []  # type: ignore[index]


def test_the_rest_of_the_request_is_masked() -> None:
    request = Request(
        "POST", "/", f"t={SECRET}", body=SECRET.encode(), identity="alice", messages=(SECRET,)
    )
    assert SECRET not in json.dumps(data(request, SECRET))


def test_the_attack_stays() -> None:
    headers = (("x-forwarded-host", "evil.test"), ("x-name", "<canary>"), ("x-auth", SECRET))
    made = data(Request("GET", "/", headers=headers, identity="alice"), SECRET, mark="canary")
    assert made["replay"]["headers"] == [list(pair) for pair in headers[:2]]  # type: ignore[index]
    nobody = (("x-anything", "goes"),)
    made = data(Request("GET", "/", headers=nobody), SECRET)
    assert made["replay"]["headers"] == [list(nobody[0])]  # type: ignore[index]

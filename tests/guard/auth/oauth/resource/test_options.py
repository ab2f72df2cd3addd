"""Options of a server of resources and of its issuers, as people write them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from buckler.guard import GuardError, IntrospectionIssuer, JwtIssuer, ResourceServer
from tests.guard.auth.oauth.resource.api import (
    BOUND,
    ISSUER,
    RESOURCE,
    api,
    local,
    proof,
    token,
)

ASKED = IntrospectionIssuer(ISSUER, client_id="api", client_secret="s")
ASKED_OTHER = IntrospectionIssuer("https://b.example", client_id="api", client_secret="s")
SECRET = "Wq1-zX9cV5bN3mK7jH2gF6dS4aP8oI0uY-tR5eL"


class Kept:
    async def first(self, key: str, until: float) -> bool:
        return True


def test_what_is_weaker_than_the_defaults_is_told() -> None:
    assert api().weaknesses() == []
    assert api(local(typ="application/AT+JWT"), ASKED_OTHER).weaknesses() == []
    lax = [local(typ="JWT"), replace(ASKED_OTHER, audience_if_stated=True)]
    assert api(*lax).weaknesses() == ["access_token_type", "access_token_audience"]


def test_proofs_that_one_process_alone_remembers_are_told_of_once() -> None:
    made, kept = api(), api(replays=Kept())
    text = token(**BOUND)
    for world in (made, kept):
        assert world.bearer(token()).status == 200
        assert world.weaknesses() == []
        for number in ("1", "2"):
            assert world.dpop(text, proof(text, jti=number)).status == 200
    assert made.weaknesses() == ["replays_in_memory"]
    assert kept.weaknesses() == []


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"resource": "http://api.example"}, "resource"),
        ({"resource": "https://api.example/?a=b"}, "resource"),
        ({"resource": "https://api.example/#a"}, "resource"),
        ({"resource": "api"}, "resource"),
        ({"resource": "https://"}, "resource"),
        ({"resource": "https://:443"}, "resource"),
        ({"resource": "https://user@api.example"}, "resource"),
        ({"resource": "https://api.example/a b"}, "resource"),
        ({"resource": 'https://api.example/"'}, "resource"),
        ({"resource": "https://api.example/" + "a" * 1_000}, "resource"),
        ({"resource": "https://api.example:port"}, "resource"),
        ({"resource": "https://\N{CYRILLIC SMALL LETTER A}pi.example"}, "resource"),
        ({"issuers": []}, "issuers"),
        ({"issuers": None}, "issuers"),
        ({"issuers": ["http://id.example"]}, "issuer"),
        ({"issuers": [ISSUER, ISSUER]}, "twice"),
        ({"issuers": [7]}, "issuers"),
        ({"audience": [], "issuers": ASKED}, "audience"),
        ({"audience": "", "issuers": ASKED}, "audience"),
        ({"audience": ["api", ""], "issuers": ASKED}, "audience"),
        ({"audience": ["api", 7], "issuers": ASKED}, "audience"),
        ({"scopes": {"a b": ""}}, "scope"),
        ({"bound": "yes"}, "bound"),
        ({"replays": object()}, "replays"),
        ({"nonces": SECRET}, "nonces"),
        ({"certificates": "x-cert"}, "certificates"),
        ({"events": "log"}, "events"),
        ({"clock": 7}, "clock"),
    ],
)
def test_options(options: dict[str, Any], word: str) -> None:
    whole: dict[str, Any] = {"resource": RESOURCE, "issuers": local()} | options
    with pytest.raises(GuardError, match=word):
        ResourceServer(**whole)


def test_a_scope_that_was_not_declared_is_a_mistake() -> None:
    server = ResourceServer(RESOURCE, local(), scopes={"orders:read": "Read orders"})
    with pytest.raises(GuardError, match="orders:raed"):
        server.requires("orders:raed")


@pytest.mark.parametrize(
    "options",
    [
        {"issuer": "http://id.example"},
        {"issuer": "https://id.example?x"},
        {"jwks_uri": "http://id.example/jwks"},
        {"keys": "x"},
        {"keys": local().keys, "jwks_uri": "https://id.example/jwks"},
        {"leeway": 90},
        {"typ": ""},
        {"required": "sub"},
        {"client": object()},
        {"egress": "x"},
        {"revocations": "x"},
        {"token_endpoint": "ftp://id.example"},
    ],
    ids=range(12),
)
def test_options_of_an_issuer(options: dict[str, Any]) -> None:
    with pytest.raises(GuardError):
        JwtIssuer(**({"issuer": ISSUER} | options))

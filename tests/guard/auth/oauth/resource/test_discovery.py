"""Keys of an issuer, found by what it says of itself (RFC 8414, OpenID Connect Discovery)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from buckler.guard import JwtIssuer
from buckler.guard.auth.oauth.resource.addresses import well_known
from tests.guard.auth.oauth.resource.api import Api, api, token
from tests.guard.auth.oauth.resource.issuer import Issuer, inside, issuing
from tests.guard.auth.tokens import NOW

OPENID = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"


@pytest.fixture
def served() -> Iterator[Issuer]:
    with issuing() as found:
        yield found


def made(served: Issuer, path: str = "", **options: Any) -> tuple[Api, str]:
    issuer = served.url + path
    served.document["issuer"] = issuer
    world = api(JwtIssuer(issuer, **({"egress": inside(served.url)} | options)))
    return world, token(iss=issuer)


def test_by_rfc_8414(served: Issuer) -> None:
    world, text = made(served)
    assert [world.bearer(text).status for _ in range(3)] == [200] * 3
    assert served.asked == [OAUTH, "/jwks"]


def test_by_openid(served: Issuer) -> None:
    served.path = OPENID
    world, text = made(served)
    assert world.bearer(text).status == 200
    assert served.asked == [OAUTH, OPENID, "/jwks"]


def test_an_issuer_with_a_path(served: Issuer) -> None:
    served.path = OAUTH + "/realms/shop"
    world, text = made(served, "/realms/shop")
    assert world.bearer(text).status == 200
    served.path = "/realms/other" + OPENID
    world, text = made(served, "/realms/other")
    assert world.bearer(text).status == 200


def test_where_keys_are_may_be_stated(served: Issuer) -> None:
    world, text = made(served, jwks_uri=f"{served.url}/jwks")
    assert world.bearer(text).status == 200
    assert served.asked == ["/jwks"]


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://other.example"},
        {"issuer": None},
        {"jwks_uri": "http://other.example/jwks"},
        {"jwks_uri": "javascript:x"},
        {"jwks_uri": None},
        {"jwks_uri": ["x"]},
    ],
    ids=range(6),
)
def test_metadata_that_is_not_taken(served: Issuer, changes: dict[str, Any]) -> None:
    world, text = made(served)
    served.document |= changes
    assert world.bearer(text).status == 503
    assert "/jwks" not in served.asked


def test_an_issuer_with_a_slash_at_its_end_is_another_one(served: Issuer) -> None:
    world, text = made(served)
    served.document["issuer"] += "/"
    assert world.bearer(text).status == 503


def test_an_issuer_that_fails_is_not_asked_at_once_again(served: Issuer) -> None:
    world, text = made(served)
    served.status = 500
    assert [world.bearer(text).status for _ in range(3)] == [503] * 3
    assert served.asked == [OAUTH, OPENID]
    served.status = 200
    world.clock.now = NOW + 5
    assert world.bearer(text).status == 200


def test_what_was_good_stays_while_the_issuer_is_down(served: Issuer) -> None:
    world, _ = made(served)
    text = token(iss=served.url, exp=NOW + 9_000)
    assert world.bearer(text).status == 200
    served.status = 500
    world.clock.now = NOW + 3_601
    assert world.bearer(text).status == 200
    assert served.asked.count(OAUTH) == 2


def test_keys_that_moved(served: Issuer) -> None:
    world, _ = made(served)
    text = token(iss=served.url, exp=NOW + 9_000)
    assert world.bearer(text).status == 200
    served.document["jwks_uri"] = f"{served.url}/elsewhere"
    world.clock.now = NOW + 3_601
    assert world.bearer(text).status == 503
    assert served.asked[-1] == "/elsewhere"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example", "https://a.example/.well-known/x"),
        ("https://a.example/", "https://a.example/.well-known/x"),
        ("https://a.example/b/c", "https://a.example/.well-known/x/b/c"),
        ("https://a.example:8443/b/", "https://a.example:8443/.well-known/x/b"),
    ],
)
def test_where_metadata_stands(url: str, expected: str) -> None:
    # RFC 8414, 3.1; RFC 9728, 3.1.
    assert well_known(url, "x") == expected

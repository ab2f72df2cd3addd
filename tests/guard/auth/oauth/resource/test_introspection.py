"""Tokens that the issuer is asked about (RFC 7662): a real issuer on loopback, through egress."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from buckler.guard import GuardError, IntrospectionIssuer, KeySet, ResourceServer, SigningKey
from buckler.guard.auth.oauth.client_assertion import read_assertion
from tests.guard.auth.oauth.proofs import Maker
from tests.guard.auth.oauth.resource.api import (
    BOUND,
    RESOURCE,
    Api,
    api,
    challenges,
    local,
    proof,
    token,
)
from tests.guard.auth.oauth.resource.issuer import ACTIVE, Issuer, inside, issuing
from tests.guard.auth.tokens import NOW

OPAQUE = "2YotnFZFEjr1zCsicMWpAA"
KEY = SigningKey.generate("EdDSA", kid="ours")


@pytest.fixture
def served() -> Iterator[Issuer]:
    with issuing() as found:
        yield found


def asking(served: Issuer, **options: Any) -> IntrospectionIssuer:
    given = {"client_id": "api", "client_secret": "s:e/c r&t", "egress": inside(served.url)}
    return IntrospectionIssuer(served.url, **(given | options))


def made(served: Issuer, **options: Any) -> Api:
    return api(asking(served, **options))


def test_the_issuer_is_asked_with_the_secret(served: Issuer) -> None:
    answer = made(served).bearer(OPAQUE)
    assert answer.status == 200
    assert f'"user":["{served.url}","user-1"]'.encode() in answer.body
    form, headers = served.posted[0]
    assert form == {"token": OPAQUE, "token_type_hint": "access_token"}
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    scheme, _, pair = headers["authorization"].partition(" ")
    # RFC 6749, 2.3.1: both are encoded as a form has them, then put together.
    assert (scheme, base64.b64decode(pair)) == ("Basic", b"api:s%3Ae%2Fc+r%26t")
    assert served.asked == ["/.well-known/oauth-authorization-server", "/introspect"]


def test_the_issuer_is_asked_with_a_signature(served: Issuer) -> None:
    answer = made(served, client_secret=None, key=KEY).bearer(OPAQUE)
    assert answer.status == 200
    form, headers = served.posted[0]
    assert "authorization" not in headers
    found = read_assertion(
        form["client_assertion"],
        client="api",
        keys=KeySet(KEY.public()),
        issuer=served.url,
        now=NOW,
    )
    assert (found.client, form["client_id"]) == ("api", "api")
    claims = jwt.decode(form["client_assertion"], options={"verify_signature": False})
    assert (claims["aud"], claims["exp"] - claims["iat"]) == (served.url, 60)
    assert len(claims["jti"]) >= 16


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"active": False}, "inactive"),
        ({"aud": None}, "audience"),
        ({"aud": "https://other.example"}, "audience"),
        ({"aud": [RESOURCE + "2"]}, "audience"),
        ({"aud": {}}, "audience"),
        ({"aud": [RESOURCE, 7]}, "audience"),
        ({"iss": "https://other.example"}, "issuer"),
        ({"exp": int(NOW)}, "expired"),
        ({"exp": "later"}, "claim"),
        ({"nbf": int(NOW) + 60}, "not_yet"),
        ({"iat": int(NOW) + 60}, "not_yet"),
        ({"token_type": "N_A"}, "type"),
        ({"token_type": "refresh_token"}, "type"),
        ({"token_type": 7}, "type"),
        ({"token_type": "DPoP"}, "confirmation"),
        ({"cnf": {"jwk": {}}}, "confirmation"),
        ({"sub": 7}, "claim"),
    ],
)
def test_answers_by_which_a_token_does_not_count(
    served: Issuer, changes: dict[str, Any], reason: str
) -> None:
    served.active = {k: v for k, v in (ACTIVE | changes).items() if v is not None}
    world = made(served)
    answer = world.bearer(OPAQUE)
    assert (answer.status, challenges(answer)["Bearer"]["error"]) == (401, "invalid_token")
    assert world.reasons() == [("token.refused", reason)]
    assert world.bearer(OPAQUE).status == 401
    assert len(served.posted) == 1


def test_an_audience_of_several(served: Issuer) -> None:
    served.active["aud"] = ["https://other.example", RESOURCE]
    assert made(served).bearer(OPAQUE).status == 200


def test_an_issuer_that_does_not_name_the_audience(served: Issuer) -> None:
    del served.active["aud"]
    assert made(served, audience_if_stated=True).bearer(OPAQUE).status == 200
    served.active["aud"] = "https://other.example"
    assert made(served, audience_if_stated=True).bearer(OPAQUE).status == 401


@pytest.mark.parametrize(
    "broken",
    [
        {"status": 500},
        {"status": 401},
        {"status": 204},
        {"status": 302, "headers": {"location": "/elsewhere"}},
        {"body": b"nonsense"},
        {"body": b"[]"},
        {"body": b'{"active": "true"}'},
        {"body": b'{"active": 1}'},
        {"body": b"{}"},
        {"body": b'{"active": true, "active": false}'},
        {"body": b'{"active": true, "pad": "' + b"x" * 70_000 + b'"}'},
    ],
    ids=range(11),
)
def test_where_nobody_knows_nobody_passes(served: Issuer, broken: dict[str, Any]) -> None:
    world = made(served, endpoint=f"{served.url}/introspect")
    for name, value in broken.items():
        setattr(served, name, value)
    answer = world.bearer(OPAQUE)
    assert (answer.status, answer.header("retry-after")) == (503, "1")
    assert [kind for kind, _ in world.reasons()] == ["application.failed"]
    # It is left alone for a moment, and asked again after it.
    assert world.bearer(OPAQUE).status == 503
    assert served.asked == ["/introspect"]
    served.status, served.body, served.headers = 200, None, {}
    world.clock.now += 1
    assert world.bearer(OPAQUE).status == 200


def test_an_issuer_that_is_gone() -> None:
    with issuing() as served:
        world = made(served)
    assert world.bearer(OPAQUE).status == 503


def test_addresses_inside_are_not_called_unless_that_is_stated(served: Issuer) -> None:
    assert made(served, egress=None).bearer(OPAQUE).status == 503
    assert served.asked == []


def test_an_answer_is_remembered_for_a_while_and_never_past_the_end(served: Issuer) -> None:
    served.active["exp"] = int(NOW) + 40
    world = made(served, max_age=30)
    for seconds, asked, status in ((0, 1, 200), (29, 1, 200), (30, 2, 200), (39, 2, 200)):
        world.clock.now = NOW + seconds
        assert (world.bearer(OPAQUE).status, len(served.posted)) == (status, asked)
    world.clock.now = NOW + 40
    assert (world.bearer(OPAQUE).status, len(served.posted)) == (401, 3)


def test_a_revoked_token_counts_no_longer_than_it_is_remembered(served: Issuer) -> None:
    world = made(served)
    assert world.bearer(OPAQUE).status == 200
    served.active = {"active": False}
    world.clock.now += 30
    assert world.bearer(OPAQUE).status == 401


def test_that_a_token_does_not_count_is_remembered_briefly(served: Issuer) -> None:
    served.active = {"active": False}
    world = made(served)
    assert [world.bearer(OPAQUE).status for _ in range(3)] == [401] * 3
    assert len(served.posted) == 1
    served.active = dict(ACTIVE)
    world.clock.now += 5
    assert world.bearer(OPAQUE).status == 200


def test_a_token_that_never_ends_is_asked_about_again(served: Issuer) -> None:
    del served.active["exp"]
    world = made(served)
    assert world.bearer(OPAQUE).status == 200
    world.clock.now += 30
    assert (world.bearer(OPAQUE).status, len(served.posted)) == (200, 2)


def test_the_memory_is_bounded(served: Issuer) -> None:
    world = made(served, entries=2)
    for text in ("one", "two", "one", "three", "one"):
        world.bearer(text)
    assert len(served.posted) == 3
    world.bearer("two")
    assert len(served.posted) == 4


def test_bound_tokens(served: Issuer) -> None:
    served.active |= {"token_type": "DPoP", **BOUND}
    world = made(served)
    assert world.dpop(OPAQUE, proof(OPAQUE)).status == 200
    assert world.bearer(OPAQUE).status == 401
    assert world.dpop(OPAQUE, proof(OPAQUE, maker=Maker(), jti="2")).status == 401


def test_tokens_of_several_issuers(served: Issuer) -> None:
    world = api(local(), asking(served))
    assert world.bearer(token()).status == 200
    assert served.asked == []
    assert world.bearer(OPAQUE).status == 200
    assert world.bearer("a.b.c").status == 200
    assert len(served.posted) == 2


def test_a_token_is_not_shown_to_an_issuer_that_is_not_its_own(served: Issuer) -> None:
    world = api(asking(served))
    assert world.bearer(token()).status == 401
    assert world.reasons() == [("token.refused", "issuer")]
    only_jwt = api(local(), asking(served, opaque=False))
    assert only_jwt.bearer(OPAQUE).status == 401
    assert served.posted == []
    assert only_jwt.bearer(token(iss=served.url)).status == 200
    assert len(served.posted) == 1


@pytest.mark.parametrize("iss", [{}, [], 7, None, "", "https://unknown.example"])
def test_a_token_of_no_issuer(served: Issuer, iss: Any) -> None:
    world = api(local(), asking(served, opaque=False))
    text = Maker().signed({"alg": "ES256"}, {"iss": iss})
    assert world.bearer(text).status == 401
    assert served.asked == []


def test_two_issuers_of_opaque_tokens(served: Issuer) -> None:
    other = asking(served)
    with pytest.raises(GuardError, match="opaque"):
        ResourceServer(
            RESOURCE, [other, IntrospectionIssuer("https://b.example", client_id="a", key=KEY)]
        )


@pytest.mark.parametrize(
    "options",
    [
        {"issuer": "http://id.example"},
        {"client_id": ""},
        {"client_secret": None},
        {"client_secret": ""},
        {"key": KEY},
        {"client_secret": None, "key": KEY.public()},
        {"client_secret": None, "key": SigningKey.generate("HS256")},
        {"endpoint": "http://id.example/introspect"},
        {"max_age": 0},
        {"negative": 0},
        {"entries": 0},
        {"opaque": "yes"},
        {"audience_if_stated": 1},
        {"client": object()},
    ],
    ids=range(14),
)
def test_options(options: dict[str, Any]) -> None:
    whole = {"issuer": "https://id.example", "client_id": "api", "client_secret": "s"} | options
    with pytest.raises(GuardError):
        IntrospectionIssuer(**whole)


def test_a_secret_is_not_shown() -> None:
    made = IntrospectionIssuer("https://id.example", client_id="api", client_secret="hidden")
    assert "hidden" not in repr(made)

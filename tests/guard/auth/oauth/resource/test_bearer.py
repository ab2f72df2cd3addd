"""Bearer tokens: what RFC 6750, 3, RFC 9068, 4 and ASVS 5.0 V10.3 ask of a server of resources, on its defaults."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.guard import SigningKey
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.resource.access_token import AccessToken
from buckler.guard.auth.oauth.resource.challenge import STATUSES
from buckler.guard.auth.oauth.resource.presented import presented
from tests.guard.asgi import post
from tests.guard.auth.oauth.proofs import Maker
from tests.guard.auth.oauth.resource.api import (
    CLAIMS,
    ISSUER,
    KEY,
    METADATA,
    PEM,
    RESOURCE,
    api,
    challenges,
    local,
    token,
)
from tests.guard.auth.tokens import NOW

API = api()


@pytest.fixture(autouse=True)
def _fresh() -> None:
    API.events.clear()
    API.clock.now = NOW


def refused(answer: Any, error: str = "invalid_token", status: int = 401) -> None:
    assert answer.status == status, answer.body
    told = challenges(answer)
    assert told["Bearer"]["error"] == error
    assert told["Bearer"]["resource_metadata"] == METADATA
    assert "error" not in told["DPoP"]


def test_a_token_that_counts() -> None:
    answer = API.bearer(token())
    assert answer.status == 200
    assert b'"user":["https://id.example","user-1"]' in answer.body
    assert b'"client":"s6BhdRkqt3"' in answer.body
    assert answer.header("www-authenticate") is None


def test_no_token_is_401_without_an_error() -> None:
    # RFC 6750, 3.1: the answer to a request without a token says nothing of errors.
    for headers in ((), {"authorization": "Basic YTpi"}, {"authorization": "Negotiate"}):
        answer = API.get(headers)
        assert answer.status == 401
        told = challenges(answer)
        assert set(told) == {"Bearer", "DPoP"}
        assert told["Bearer"] == {"resource_metadata": METADATA}
        assert "ES256" in told["DPoP"]["algs"].split()
    assert set(API.reasons()) == {("access.refused", "anonymous")}


def test_the_scheme_in_any_case() -> None:
    for scheme in ("bearer", "BEARER", "Bearer  "):
        assert API.get({"authorization": f"{scheme} {token()}"}).status == 200


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://evil.example"}, "issuer"),
        ({"iss": ISSUER + "/"}, "issuer"),
        ({"aud": "https://other.example"}, "audience"),
        ({"aud": [RESOURCE + "/"]}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": []}, "audience"),
        ({"exp": NOW - 11}, "expired"),
        ({"exp": None}, "missing"),
        ({"nbf": NOW + 60}, "not_yet"),
        ({"iat": NOW + 60}, "future"),
        ({"sub": None}, "missing"),
        ({"client_id": None}, "missing"),
        ({"iat": None}, "missing"),
        ({"jti": None}, "missing"),
        ({"scope": {"orders:read": 1}}, "claim"),
        ({"scope": [1]}, "claim"),
        ({"azp": 7, "client_id": ""}, "claim"),
        ({"acr": "x" * 1_001}, "claim"),
        ({"auth_time": "today"}, "claim"),
        ({"acr": 7}, "claim"),
        ({"cnf": {"jwk": {}}}, "confirmation"),
        ({"cnf": {"kid": "a"}}, "confirmation"),
        ({"cnf": {}}, "confirmation"),
        ({"cnf": {"jkt": ""}}, "confirmation"),
        ({"cnf": {"jkt": 7}}, "confirmation"),
        ({"cnf": "x"}, "confirmation"),
    ],
)
def test_claims_that_do_not_count(changes: dict[str, Any], reason: str) -> None:
    made = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    # Below what PyJWT looks at itself.
    raw = json.dumps(made).encode()
    text = jwt.PyJWS().encode(raw, PEM, "ES256", {"typ": "at+jwt", "kid": "main"})
    refused(API.bearer(text))
    assert API.reasons() == [("token.refused", reason)]


@pytest.mark.parametrize("typ", ["JWT", "dpop+jwt", "id_token", "application/jwt", None])
def test_a_token_of_another_kind(typ: Any) -> None:
    # RFC 9068, 4: an ID token is no access token.
    refused(API.bearer(token(header={"typ": typ})))
    assert API.reasons() == [("token.refused", "type")]


def test_a_media_type_is_the_same_kind() -> None:
    assert API.bearer(token(header={"typ": "application/at+jwt"})).status == 200


def test_signatures_that_do_not_count() -> None:
    public = KEY.public_jwk()
    head, body, _ = token().split(".")
    other = jwt.encode(CLAIMS, SigningKey.generate("ES256").pem(), "ES256", {"typ": "at+jwt"})
    unsigned = jwt.encode(CLAIMS, None, "none", {"typ": "at+jwt", "kid": "main"})
    hmac = jwt.encode(CLAIMS, public["x"] * 2, "HS256", {"typ": "at+jwt", "kid": "main"})
    brought = Maker().signed({"typ": "at+jwt", "alg": "ES256", "jwk": Maker().jwk}, CLAIMS)
    for text in (other, unsigned, hmac, brought, f"{head}.{body}.", f"{head}.{body}.AAAA"):
        refused(API.bearer(text))


def test_what_was_wrong_is_for_the_log_alone() -> None:
    answer = API.bearer(token(exp=NOW - 100))
    assert "expired" not in (answer.header("www-authenticate") or "")
    assert "error_description" not in challenges(answer)["Bearer"]
    assert API.reasons() == [("token.refused", "expired")]


@pytest.mark.parametrize("text", ["", "a b", "a,b", "a\x7f", '"a"', "x" * 9_000, "=", "\xe4"])
def test_a_token_that_is_malformed(text: str) -> None:
    refused(API.get({"authorization": f"Bearer {text}"}), "invalid_request", 400)


@pytest.mark.parametrize("text", ["@", "=", '"Bearer" x', "\xe4 x", "Bearer\tx", ","])
def test_an_authorization_that_is_malformed(text: str) -> None:
    answer = API.get({"authorization": text})
    refused(answer, "invalid_request", 400)
    told = challenges(answer)["Bearer"]["error_description"]
    assert told == "Authorization is malformed"


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_header_and_query_are_read_or_refused(header: bytes, query: bytes) -> None:
    scope = {"headers": [(b"authorization", header)], "query_string": query}
    try:
        found = presented(scope)
    except OAuthError as error:
        found = None
        told = error.error
    else:
        told = "invalid_request"
    assert told in STATUSES
    assert found is None or found.token.isascii()


def test_more_than_one_way_at_once() -> None:
    one = ("authorization", f"Bearer {token()}")
    refused(API.get([one, one]), "invalid_request", 400)
    refused(API.get([one, ("authorization", "DPoP x")]), "invalid_request", 400)
    refused(API.get([one], query=b"access_token=x"), "invalid_request", 400)
    assert {r for _, r in API.reasons()} == {"twice", "query"}


@pytest.mark.parametrize(
    "query", [b"access_token=x", b"a=b&access_token", b"access%5Ftoken=x", b"%61ccess_token=x"]
)
def test_a_token_in_the_address_is_refused(query: bytes) -> None:
    # RFC 9700, 4.3.2: clients MUST NOT pass access tokens in a URI query parameter.
    refused(API.get(query=query), "invalid_request", 400)


def test_other_parameters_are_left_alone() -> None:
    for query in (b"access_tokens=x", b"a=access_token", b"%zz=1", b"next=%2Fx"):
        assert API.get({"authorization": f"Bearer {token()}"}, query=query).status == 200


@pytest.mark.parametrize("path", ["/form", "/raw", "/later"])
def test_a_token_in_a_form_is_refused(path: str) -> None:
    refused(API.form(token(), b"name=a&access_token=x", path), "invalid_request", 400)
    answer = API.form(token(), b"name=a", path)
    assert (answer.status, b"a" in answer.body) == (200, True)


def test_a_token_in_a_form_alone_is_none() -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = post(API.app, "/raw", f"access_token={token()}".encode(), kind)
    assert (answer.status, "error" in challenges(answer)["Bearer"]) == (401, False)


def test_a_body_that_is_no_form_of_tokens_is_the_handlers() -> None:
    bearer = {"authorization": f"Bearer {token()}"}
    for kind, body in (
        ("text/plain", b"access_token=x"),
        ("application/json", b'{"access_token": "x"}'),
        ("application/x-www-form-urlencoded", b"access_tokens=x&y=access_token"),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * 70_000),
    ):
        answer = post(API.app, "/raw", body, {**bearer, "content-type": kind})
        assert (answer.status, len(answer.body)) == (200, len(json.dumps(body.decode())))


def test_a_scope_that_is_missing() -> None:
    answer = API.bearer(token(), "/written")
    refused(answer, "insufficient_scope", 403)
    assert challenges(answer)["Bearer"]["scope"] == "orders:read orders:write"
    assert API.reasons() == [("access.refused", "scope")]
    assert API.bearer(token(scope="orders:write orders:read"), "/written").status == 200


def test_a_token_without_scopes() -> None:
    for scope in (None, "", "orders:readers", "ORDERS:READ", "orders:read,orders:write"):
        refused(API.bearer(token(scope=scope)), "insufficient_scope", 403)
        assert API.bearer(token(scope=scope), "/any").status == 200


def test_an_audience_of_several() -> None:
    assert API.bearer(token(aud=["https://other.example", RESOURCE])).status == 200
    named = api(local(), audience=["orders", "billing"])
    assert named.bearer(token(aud="billing")).status == 200
    refused(named.bearer(token()))


def test_an_issuer_that_writes_tokens_otherwise() -> None:
    lax = api(local(typ="JWT", required=["sub"], scope_claim="scp"))
    text = token(header={"typ": "JWT"}, scp=["orders:read"], client_id=None, azp="theirs")
    answer = lax.bearer(text)
    assert (answer.status, b'"client":"theirs"' in answer.body) == (200, True)
    refused(lax.bearer(token()))


def test_a_token_that_was_good_ends() -> None:
    text = token()
    assert API.bearer(text).status == 200
    API.clock.now = NOW + 611
    refused(API.bearer(text))


def test_what_a_token_may() -> None:
    made = AccessToken(issuer=ISSUER, subject="user-1", expires=NOW, scopes=frozenset({"a"}))
    assert (made.may("a"), made.may("b"), made.scheme) == (True, False, "Bearer")
    assert made.user == (ISSUER, "user-1")
    assert AccessToken(issuer="", subject="", expires=0, thumbprint="x").scheme == "DPoP"

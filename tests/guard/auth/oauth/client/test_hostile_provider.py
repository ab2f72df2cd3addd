"""A provider that lies, and one that stands between two (RFC 9700, 4; OpenID Connect Core, 3.1.3.7 and 16)."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from buckler.guard import EventKind
from buckler.guard.auth.jwt import base64url
from tests.guard.auth.oauth.client.liar import (
    CLIENT,
    CURVE,
    FIRST,
    SECOND,
    Liar,
    half_hash,
    lying,
    public,
)
from tests.guard.auth.oauth.client.shop import Shop, opened

pytestmark = pytest.mark.slow


def enter(shop: Shop, liar: Liar, **lies: Any) -> Any:
    return shop.come_back(liar.sent_back(shop.begin("op"), **lies))


def nobody(shop: Shop, answer: Any, reason: str, why: str = "failed") -> None:
    """Look whether nobody came in, and why."""
    assert shop.why(answer) == why
    assert "__Host-session" not in shop.client.cookies
    assert shop.client.get("/me").status_code == 401
    assert shop.reasons(EventKind.SIGN_IN_FAILED)[-1] == f"federated_{reason}"


NOW = int(time.time())
LIES: dict[str, tuple[str, dict[str, Any]]] = {
    "expired": ("expired", {"exp": NOW - 60}),
    "never expires": ("expired", {"exp": None}),
    "exp as text": ("expired", {"exp": "9999999999"}),
    "exp as truth": ("expired", {"exp": True}),
    "issued in the future": ("iat", {"iat": NOW + 6000}),
    "not yet": ("iat", {"nbf": NOW + 6000}),
    "no nonce": ("nonce", {"nonce": None}),
    "nonce as list": ("nonce", {"nonce": ["x"]}),
    "nonce beyond ASCII": ("nonce", {"nonce": "Zoë"}),
    "no issuer": ("issuer", {"iss": None}),
    "issuer with a slash": ("issuer", {"iss": "SLASH"}),
    "two audiences": ("audience", {"aud": [CLIENT, "another"], "azp": CLIENT}),
    "audience within a text": ("audience", {"aud": f"{CLIENT}-2"}),
    "audience of objects": ("audience", {"aud": [{"client": CLIENT}]}),
    "azp of another": ("azp", {"azp": "another"}),
    "azp as list": ("azp", {"azp": [CLIENT]}),
    "at_hash of another": ("at_hash", {"at_hash": half_hash("another")}),
    "at_hash as number": ("at_hash", {"at_hash": 5}),
    "empty subject": ("subject", {"sub": ""}),
    "subject as number": ("subject", {"sub": 7}),
    "long subject": ("subject", {"sub": "x" * 256}),
    "auth_time as text": ("auth_time", {"auth_time": "now"}),
    "auth_time in the future": ("auth_time", {"auth_time": NOW + 6000}),
}


@pytest.fixture(scope="module")
def lied_to() -> Iterator[tuple[Shop, Liar]]:
    """One application for many lies."""
    with lying() as liar, opened(liar.provider()) as shop:
        yield shop, liar


@pytest.mark.parametrize("what", LIES)
def test_no_lie_is_believed(lied_to: tuple[Shop, Liar], what: str) -> None:
    shop, liar = lied_to
    shop.client.cookies.clear()
    reason, lies = LIES[what]
    lies = {n: f"{liar.issuer}/" if v == "SLASH" else v for n, v in lies.items()}
    nobody(shop, enter(shop, liar, lies=lies), reason)


def test_what_may_be_so_is_taken(lied_to: tuple[Shop, Liar]) -> None:
    shop, liar = lied_to
    shop.client.cookies.clear()
    good = {"aud": [CLIENT], "azp": CLIENT, "at_hash": half_hash("the-access-token")}
    assert enter(shop, liar, lies=good).headers["location"] == "/"
    assert shop.me().status_code == 200


PEM = FIRST.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
KEYS: dict[str, tuple[str, dict[str, Any]]] = {
    "another's key": ("token_signature", {"key": SECOND}),
    "a key that is not known": ("token_key", {"key": SECOND, "kid": "second"}),
    "a key of its own in the header": (
        "token_header",
        {"key": SECOND, "header": {"jwk": public(SECOND, "x")}},
    ),
    "an address of keys": (
        "token_header",
        {"key": SECOND, "header": {"jku": "https://evil.example/jwks"}},
    ),
    "another algorithm of the same key": ("token_algorithm", {"alg": "PS256"}),
    "a rule that nobody knows": ("token_header", {"header": {"crit": ["x"], "x": 1}}),
    "an access token": ("token_type", {"header": {"typ": "at+jwt"}}),
    "a logout token": ("token_type", {"header": {"typ": "logout+jwt"}}),
}


@pytest.mark.parametrize("what", KEYS)
def test_no_other_key_counts(lied_to: tuple[Shop, Liar], what: str) -> None:
    shop, liar = lied_to
    shop.client.cookies.clear()
    reason, signing = KEYS[what]
    nobody(shop, enter(shop, liar, signing=signing), reason)


def test_no_secret_is_made_of_a_public_key(lied_to: tuple[Shop, Liar]) -> None:
    shop, liar = lied_to
    for kid in ({"kid": "first"}, {}):
        shop.client.cookies.clear()
        where = shop.begin("op")
        back = liar.sent_back(where)
        (code, answer), *_ = liar.tokens.items()
        head = base64url.encode(json.dumps({"alg": "HS256", **kid}).encode())
        body = answer["id_token"].split(".")[1].encode()
        mac = hmac.digest(PEM, head + b"." + body, hashlib.sha256)
        answer["id_token"] = b".".join([head, body, base64url.encode(mac)]).decode()
        assert code in back
        nobody(shop, shop.come_back(back), "token_algorithm" if kid else "token_key")
        liar.tokens.clear()


def test_an_algorithm_is_of_both_sides(liar: Liar) -> None:
    with opened(liar.provider(algorithms=["ES256"])) as shop:
        nobody(shop, enter(shop, liar), "token_algorithm")
        curve = {"key": CURVE, "alg": "ES256", "kid": "curve"}
        assert enter(shop, liar, signing=curve).headers["location"] == "/"
    liar.metadata["id_token_signing_alg_values_supported"] = ["ES256"]
    with opened(liar.provider()) as shop:
        nobody(shop, enter(shop, liar), "token_algorithm")


TOKENS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "no ID token": ("missing", "failed", {"id_token": None}),
    "no access token": ("answer", "failed", {"access_token": None}),
    "an access token with a line break": ("answer", "failed", {"access_token": "a\nb"}),
    "a list of tokens": ("answer", "failed", {"id_token": ["x"]}),
    "no type": ("token_type", "failed", {"token_type": None}),
    "another type": ("token_type", "failed", {"token_type": "mac"}),
    "bound to a key nobody asked for": ("token_type", "failed", {"token_type": "DPoP"}),
    "an error with status 200": ("refused", "failed", {"error": "invalid_grant"}),
}


@pytest.mark.parametrize("what", TOKENS)
def test_no_half_answer_counts(lied_to: tuple[Shop, Liar], what: str) -> None:
    shop, liar = lied_to
    shop.client.cookies.clear()
    reason, why, token = TOKENS[what]
    nobody(shop, enter(shop, liar, token=token), reason, why)


INSIDE = "http://169.254.169.254/latest/meta-data"
REPLIES: dict[str, tuple[str, str, str, tuple[int, dict[str, str], bytes]]] = {
    "a token endpoint that redirects inside": ("/token", "answer", "failed", (307, {"location": INSIDE}, b"")),
    "keys that redirect inside": ("/jwks", "token_keys", "failed", (302, {"location": INSIDE}, b"")),
    "a huge answer": ("/token", "unreachable", "unavailable", (200, {}, b"x" * 300_000)),
    "huge keys": ("/jwks", "token_keys", "failed", (200, {}, b" " * 300_000)),
    "no JSON": ("/token", "answer", "failed", (200, {}, b"<html>")),
    "deep JSON": ("/token", "answer", "failed", (200, {}, b'{"a":' * 5000)),
    "a member twice": ("/token", "answer", "failed", (200, {}, b'{"a":1,"a":2}')),
    "a list": ("/token", "answer", "failed", (200, {}, b"[]")),
    "a server that is down": ("/token", "unreachable", "unavailable", (503, {}, b"")),
    "keys that are none": ("/jwks", "token_keys", "failed", (200, {}, b'{"keys": 7}')),
}  # fmt: skip


@pytest.mark.parametrize("what", REPLIES)
def test_no_reply_leads_anywhere(liar: Liar, what: str) -> None:
    path, reason, why, reply = REPLIES[what]
    with opened(liar.provider()) as shop:
        liar.replies[path] = reply
        nobody(shop, enter(shop, liar), reason, why)


METADATA: dict[str, tuple[str, dict[str, Any]]] = {
    "no token endpoint": ("metadata", {"token_endpoint": None}),
    "an endpoint without encryption": (
        "metadata",
        {"token_endpoint": "http://shop.example/token"},
    ),
    "an endpoint that is a script": ("metadata", {"authorization_endpoint": "javascript:alert(1)"}),
    "an endpoint with a user": ("metadata", {"token_endpoint": "https://a:b@shop.example/"}),
    "an endpoint that is a list": ("metadata", {"jwks_uri": ["https://shop.example"]}),
    "another issuer": ("issuer", {"issuer": "https://accounts.example"}),
    "no issuer": ("issuer", {"issuer": None}),
}


@pytest.mark.parametrize("what", METADATA)
def test_no_metadata_leads_anywhere(liar: Liar, what: str) -> None:
    reason, lies = METADATA[what]
    liar.metadata = {n: v for n, v in {**liar.metadata, **lies}.items() if v is not None}
    with opened(liar.provider()) as shop:
        nobody(shop, shop.client.get("/auth/with/op", follow_redirects=False), reason)


def test_endpoints_inside_are_not_called(liar: Liar) -> None:
    liar.metadata["token_endpoint"] = "https://10.0.0.1/token"
    with opened(liar.provider(), ports=(443,)) as shop:
        nobody(shop, enter(shop, liar), "unreachable", "unavailable")
        assert shop.reasons(EventKind.EGRESS_REFUSED)


def test_a_provider_on_this_machine_needs_a_policy_that_says_so(liar: Liar) -> None:
    from buckler.guard import EgressPolicy

    for policy in ("default", EgressPolicy(), EgressPolicy(allow_networks=["127.0.0.1/32"])):
        with opened(liar.provider(), egress=policy) as shop:
            answer = shop.client.get("/auth/with/op", follow_redirects=False)
            nobody(shop, answer, "unreachable", "unavailable")
    assert liar.requests == []

"""Key sets that are published: public halves alone, whatever the keys are; and others can use them."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from buckler.guard import Guard, GuardError, KeySet, SigningKey, TokenIssuer, jwks, jwks_route
from tests.guard.auth.tokens import AUDIENCE, Clock, key, policy

PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
NATIVE = [
    rsa.generate_private_key(65537, 2048),
    ec.generate_private_key(ec.SECP256R1()),
    ec.generate_private_key(ec.SECP384R1()),
    ec.generate_private_key(ec.SECP521R1()),
    ed25519.Ed25519PrivateKey.generate(),
]
MADE = [SigningKey.generate(alg) for alg in ("ES256", "ES384", "ES512", "EdDSA", "PS256")]


def private_numbers(one: SigningKey) -> list[str]:
    """What must not be seen, as a JWK would write it."""
    from joserfc.jwk import import_key

    kind: Any = one.kind
    found = import_key(one.pem(), kind).as_dict(private=True)
    return [str(value) for name, value in found.items() if name in PRIVATE]


SECRETS = [word for one in MADE for word in private_numbers(one)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(MADE), min_size=1, unique=True), st.data())
def test_no_private_member_is_published(keys: list[SigningKey], data: st.DataObject) -> None:
    ring = KeySet(*keys)
    for _ in range(data.draw(st.integers(0, 2))):
        ring.rotate(data.draw(st.sampled_from(MADE)))
    published = jwks(ring)
    text = json.dumps(published)
    assert {one["kid"] for one in published["keys"]} == {one.kid for one in ring}
    for one in published["keys"]:
        assert set(one) <= {"kty", "use", "alg", "kid", "n", "e", "crv", "x", "y"}
        assert one["use"] == "sig"
    assert not any(word in text for word in SECRETS)


def test_a_secret_is_not_published() -> None:
    for publish in (jwks, jwks_route):
        with pytest.raises(GuardError, match="no public part"):
            publish(KeySet(key()))


def shop(keys: KeySet) -> FastAPI:
    app = FastAPI()
    app.router.routes.append(jwks_route(keys, max_age=120))
    Guard(app, hosts=["testserver"])
    return app


def test_the_route() -> None:
    keys = KeySet(SigningKey.generate("ES256"), clock=Clock())
    with TestClient(shop(keys)) as client:
        answer = client.get("/.well-known/jwks.json")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/jwk-set+json"
        assert answer.headers["cache-control"] == "public, max-age=120"
        assert answer.json() == jwks(keys)
        tag = answer.headers["etag"]
        for stated in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = client.get("/.well-known/jwks.json", headers={"if-none-match": stated})
            assert (again.status_code, again.content) == (304, b"")
        keys.rotate()
        changed = client.get("/.well-known/jwks.json", headers={"if-none-match": tag})
        assert changed.status_code == 200
        assert len(changed.json()["keys"]) == 2
        assert client.post("/.well-known/jwks.json").status_code == 405


def test_it_stands_where_all_that_is_not_stated_is_denied() -> None:
    keys = KeySet(SigningKey.generate("EdDSA"))
    app = FastAPI(openapi_url=None)
    app.router.routes.append(jwks_route(keys))
    Guard(app, hosts=["testserver"], deny=True)
    with TestClient(app) as client:
        assert client.get("/.well-known/jwks.json").json() == jwks(keys)


def test_pyjwt_finds_the_key_in_it() -> None:
    keys = KeySet(SigningKey.generate("ES256"))
    issuer = TokenIssuer(keys, policy())
    old = issuer.issue("user-1")
    keys.rotate(SigningKey.generate("EdDSA"))
    theirs = jwt.PyJWKSet.from_dict(jwks(keys))
    for text, alg in ((old, "ES256"), (issuer.issue("user-1"), "EdDSA")):
        kid = jwt.get_unverified_header(text)["kid"]
        found = jwt.decode(text, theirs[kid].key, algorithms=[alg], audience=AUDIENCE)
        assert found["sub"] == "user-1"


@pytest.mark.parametrize("options", [{"path": "jwks"}, {"path": None}, {"max_age": 0}])
def test_options_that_are_none(options: dict[str, Any]) -> None:
    with pytest.raises(GuardError):
        jwks_route(KeySet(MADE[0]), **options)

"""Clients whose keys are behind an address that does not answer, or are none (CWE-755; RFC 7523, 3)."""

from __future__ import annotations

import pytest

from buckler.guard import GuardError
from buckler.guard.auth.oauth.server.client import CREDENTIALS, OAuthClient
from tests.guard.auth.oauth.proofs import Maker
from tests.guard.auth.oauth.scene import ISSUER, opened

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.mark.parametrize(
    "keys",
    [
        {"jwks_uri": "https://127.0.0.1:1/jwks"},  # no address that is called
        {"jwks_uri": "https://nowhere.invalid/jwks"},
        {"jwks": {"keys": []}},
        {"jwks": {"keys": [{"kty": "EC", "crv": "P-256", "x": "!", "y": 5}]}},
    ],
    ids=["inside", "nowhere", "empty", "malformed"],
)
def test_keys_that_cannot_be_had_show_nobody(keys: dict[str, object]) -> None:
    client = OAuthClient(
        id="keyed", grants=[CREDENTIALS], auth="private_key_jwt", scopes=[], **keys
    )
    with opened(client) as scene:
        now = int(scene.clock())
        assertion = Maker().signed(
            {"alg": "ES256", "typ": "JWT"},
            {"iss": "keyed", "sub": "keyed", "aud": ISSUER, "jti": "1", "exp": now + 60},
        )
        answer = scene.form(
            "/oauth/token",
            grant_type=CREDENTIALS,
            client_assertion=assertion,
            client_assertion_type=TYPE,
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_certificate_of_its_own_is_known_by_keys_that_are_at_hand() -> None:
    with pytest.raises(GuardError, match="from jwks alone"):
        OAuthClient(
            id="x",
            grants=[CREDENTIALS],
            auth="self_signed_tls_client_auth",
            jwks_uri="https://x.example/jwks",
        )

"""Examples of the standards themselves: RFC 7515 appendix A, RFC 7519, RFC 8037 appendix A, RFC 9068."""

from __future__ import annotations

import json
from typing import Any

import pytest

from buckler.guard import (
    KeySet,
    SignatureVerifier,
    SigningKey,
    TokenError,
    TokenIssuer,
    TokenPolicy,
    TokenVerifier,
)
from buckler.guard.auth.jwt import base64url
from tests.guard.auth.tokens import NOW, Clock, policy

A1_KEY = {
    "kty": "oct",
    "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
}
A1 = (
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
A3_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
}
A3 = (
    "eyJhbGciOiJFUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)
A4_KEY = {
    "kty": "EC",
    "crv": "P-521",
    "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
    "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
}
A4 = (
    "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA"
    ".AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZg"
    "oXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"
)
A5 = (
    "eyJhbGciOiJub25lIn0"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
)
OKP_KEY = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
OKP = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    ".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)


@pytest.mark.parametrize(
    ("key", "token", "payload"),
    [
        (A1_KEY, A1, b'{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}'),
        (A3_KEY, A3, b'{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}'),
        (A4_KEY, A4, b"Payload"),
        (OKP_KEY, OKP, b"Example of Ed25519 signing"),
    ],
    ids=["RFC 7515 A.1", "RFC 7515 A.3", "RFC 7515 A.4", "RFC 8037 A.4"],
)
def test_appendix(key: dict[str, Any], token: str, payload: bytes) -> None:
    verifier = SignatureVerifier(KeySet(SigningKey.from_jwk(key)))
    assert verifier.verify(token).payload == payload
    with pytest.raises(TokenError):
        verifier.verify(token.replace(".", ".A", 1))


@pytest.mark.parametrize(("key", "token"), [(A1_KEY, A1), (OKP_KEY, OKP)], ids=["HMAC", "Ed25519"])
def test_what_has_one_signature_is_signed_as_there(key: dict[str, Any], token: str) -> None:
    message, _, signature = token.rpartition(".")
    made = SigningKey.from_jwk(key).sign(message.encode())
    assert base64url.encode(made).decode() == signature


def test_an_unsecured_one() -> None:
    # RFC 7515, A.5.
    with pytest.raises(TokenError) as caught:
        SignatureVerifier(KeySet(SigningKey.from_jwk(A1_KEY))).verify(A5)
    assert caught.value.reason == "algorithm"


def test_the_example_of_rfc_7519() -> None:
    # 3.1: without aud, so a policy takes it for nobody; with joe's date it has long expired.
    keys = KeySet(SigningKey.from_jwk(A1_KEY))
    before = TokenVerifier(
        keys, TokenPolicy("joe", "me", typ="JWT", required=[]), clock=lambda: 1300819379.0
    )
    with pytest.raises(TokenError) as caught:
        before.verify(A1)
    assert caught.value.reason == "audience"


def test_what_is_issued_is_what_rfc_9068_says() -> None:
    key = SigningKey.generate("ES256")
    clock = Clock(NOW + 0.9)
    issuer = TokenIssuer(KeySet(key, clock=clock), policy(), clock=clock)
    text = issuer.issue(
        "user-1", ttl=300, scopes=["b:read", "a:read"], session="s-1", client="app", tenant="x"
    )
    header, claims, _ = text.split(".")
    # 2.1: typ at+jwt; 2.2: iss, exp, aud, sub, client_id, iat, jti.
    assert json.loads(base64url.decode(header.encode())) == {
        "alg": "ES256",
        "kid": key.kid,
        "typ": "at+jwt",
    }
    found = json.loads(base64url.decode(claims.encode()))
    assert len(found.pop("jti")) == 22
    assert found == {
        "iss": "https://shop.example",
        "aud": "shop",
        "sub": "user-1",
        "iat": int(NOW),
        "exp": int(NOW) + 300,
        "scope": "a:read b:read",
        "sid": "s-1",
        "client_id": "app",
        "tenant": "x",
    }
    assert len({issuer.issue("a") for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"subject": ""}, "subject is a text"),
        ({"subject": 7}, "subject is a text"),
        ({"ttl": 0}, "above zero"),
        ({"ttl": 86_401}, "longer than a day"),
        ({"scopes": "orders:read"}, "is a list"),
        ({"scopes": ["a b"]}, "no scope"),
        ({"scopes": [""]}, "no scope"),
        ({"session": 7}, "session is a text"),
        ({"iss": "other"}, "set by the issuer"),
        ({"exp": 1}, "set by the issuer"),
        ({"x": float("nan")}, "cannot be written"),
        ({"x": object()}, "cannot be written"),
        ({"x": "\ud800"}, "cannot be written"),
        ({"x": 10**30}, "cannot be written"),
        ({"x": [[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}, "cannot be written"),
        ({"x": "y" * 9_000}, "longer than the policy"),
    ],
)
def test_what_is_not_issued(options: dict[str, Any], said: str) -> None:
    from buckler.guard import GuardError

    issuer = TokenIssuer(KeySet(SigningKey.generate("EdDSA")), policy())
    with pytest.raises(GuardError, match=said):
        issuer.issue(**({"subject": "user-1"} | options))


def test_public_keys_issue_nothing() -> None:
    from buckler.guard import GuardError

    with pytest.raises(GuardError, match="none of these keys can sign"):
        TokenIssuer(KeySet(SigningKey.generate("EdDSA").public()), policy())
    with pytest.raises(GuardError, match="longer than a day or max_age"):
        TokenIssuer(KeySet(SigningKey.generate("EdDSA")), policy(max_age=60)).issue("a", ttl=61)

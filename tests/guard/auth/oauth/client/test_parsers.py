"""What comes from outside is read, or refused by name: nothing else happens, whatever it is."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.guard.auth.oauth.client import Metadata, Provider, ProviderError, SignInError
from buckler.guard.auth.oauth.client.addresses import is_safe
from buckler.guard.auth.oauth.client.answer import read_answer
from buckler.guard.auth.oauth.client.fetch import Answer
from buckler.guard.auth.oauth.client.id_token import Expected, judge
from buckler.guard.auth.oauth.client.identity import email_of
from buckler.guard.auth.oauth.client.logout import judge_logout
from buckler.guard.auth.oauth.client.metadata import ENDPOINTS, read_metadata
from buckler.guard.auth.oauth.client.token_response import read_tokens

pytestmark = pytest.mark.slow
ISSUER = "https://accounts.example"
PROVIDER = Provider("op", issuer=ISSUER, client_id="c")
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=6
)  # fmt: skip
CLAIMS = ("iss", "aud", "sub", "exp", "iat", "nonce", "azp", "at_hash", "auth_time", "sid", "tid")
MORE = ("jti", "events", "email", "email_verified", "nbf", "acr")
NOW = 1_700_000_000.0
GOOD: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "c",
    "sub": "ann",
    "exp": NOW + 60,
    "iat": NOW,
    "nonce": "n",
}


def read_only(value: Any) -> Any:
    """As the reader of tokens gives it: arrays are tuples."""
    if isinstance(value, list):
        return tuple(read_only(one) for one in value)
    return value


@given(st.dictionaries(st.sampled_from(CLAIMS + MORE), VALUES))
@settings(deadline=None, max_examples=60)
def test_claims(lies: dict[str, Any]) -> None:
    values = {name: read_only(value) for name, value in {**GOOD, **lies}.items()}
    expected = Expected(now=NOW, nonce="n", access_token="a")
    with suppress(SignInError):
        found = judge(values, "RS256", PROVIDER, expected)
        assert (values["iss"], values["nonce"]) == (ISSUER, "n")
        assert values["aud"] in ("c", ("c",)) and values["exp"] > NOW - 30
        assert found.subject == values["sub"] != ""
        if found.email_verified:
            said = values["email_verified"]
            assert found.email and (said is True or said == "true")
    with suppress(SignInError):
        out = judge_logout(values, PROVIDER, NOW)
        assert "nonce" not in values and (out.subject or out.sid)


@given(st.dictionaries(st.sampled_from([*ENDPOINTS.values(), "issuer", "id_token_signing_alg_values_supported"]), VALUES | st.just(ISSUER)))  # fmt: skip
@settings(deadline=None)
def test_metadata(lies: dict[str, Any]) -> None:
    raw = json.dumps({"issuer": ISSUER, **lies}).encode("utf-8", "surrogatepass")
    with suppress(ProviderError):
        found = read_metadata(raw, ISSUER)
        assert isinstance(found, Metadata) and found.issuer == ISSUER
        for name in ENDPOINTS:
            url = getattr(found, name)
            assert url == "" or urlsplit(url).scheme == "https"


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_documents(raw: bytes) -> None:
    with suppress(ProviderError):
        read_metadata(raw, ISSUER)
    with suppress(ProviderError):
        read_tokens(Answer(200, {}, raw), dpop=False)


TOKENS = ("access_token", "token_type", "refresh_token", "id_token", "expires_in", "scope", "error")


@given(
    st.sampled_from([200, 400, 401, 500]),
    st.dictionaries(st.sampled_from(TOKENS), VALUES),
    st.booleans(),
)
@settings(deadline=None)
def test_token_responses(status: int, lies: dict[str, Any], dpop: bool) -> None:
    good = {"access_token": "a", "token_type": "DPoP" if dpop else "Bearer"}
    raw = json.dumps({**good, **lies}).encode("utf-8", "surrogatepass")
    with suppress(ProviderError):
        found = read_tokens(Answer(status, {}, raw), dpop=dpop)
        assert (status, "error" in lies, found.dpop) == (200, False, dpop)
        assert found.access_token.isascii() and " " not in found.access_token
        assert found.lifetime is None or 0 <= found.lifetime < 4e8


NAMES = st.sampled_from(["state", "code", "iss", "error", "error_description", "x"])


@given(st.lists(st.tuples(NAMES, st.text(max_size=10)), max_size=6))
@settings(deadline=None)
def test_answers(items: list[tuple[str, str]]) -> None:
    names = [name for name, _ in items if name in ("state", "code", "iss", "error")]
    with suppress(SignInError):
        found = read_answer(items)
        assert len(names) == len(set(names))
        assert found.state and bool(found.code) != bool(found.error)


@given(st.text(max_size=40) | st.from_regex(r"https?://[a-z@:./\\\\?#\[\] ]{1,30}", fullmatch=True))
@settings(deadline=None)
def test_addresses(text: str) -> None:
    if is_safe(text):
        parts = urlsplit(text)
        assert parts.scheme == "https" and parts.hostname and "@" not in parts.netloc
        assert not set(text) & set(' \\"<>') and "#" not in text


@given(st.text(max_size=30) | st.emails() | SCALARS)
@settings(deadline=None)
def test_addresses_of_mail(value: Any) -> None:
    found = email_of(value)
    assert found == "" or (found.lower() == value.lower() and found.count("@") == 1)

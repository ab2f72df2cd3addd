"""Whatever comes instead of a token, the answer is a TokenError with a reason, and what is good stays good."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.guard import SigningKey, TokenError
from buckler.guard.auth.jwt import base64url, json_object
from tests.guard.auth.tokens import (
    CLAIMS,
    HEADER,
    REASONS,
    b64,
    key,
    mac,
    outcome,
    part,
    token,
    verifier,
)

GOOD = token()
KEYS = {alg: SigningKey.generate(alg, kid="main") for alg in ("RS256", "PS256", "ES256", "EdDSA")}
KEYS["HS256"] = key()
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.text(max_size=300) | st.binary(max_size=300) | st.text("eyJ.-_=A0 ", max_size=60))
def test_texts(text: Any) -> None:
    assert outcome(text) in REASONS - {"good"}


@given(st.dictionaries(st.sampled_from([*CLAIMS, "nbf", "sid", "scope", "client_id", "x"]), values))
def test_claims(claims: dict[str, Any]) -> None:
    assert outcome(token(claims={**CLAIMS, **claims})) in REASONS


@given(st.dictionaries(st.sampled_from([*HEADER, "crit", "x", "cty", "x5t"]), values))
def test_headers(header: dict[str, Any]) -> None:
    assert outcome(token(header={**HEADER, **header})) in REASONS


@given(st.binary(max_size=200))
def test_bytes_that_are_signed(raw: bytes) -> None:
    assert outcome(token(claims=raw)) in REASONS - {"good"}
    assert outcome(token(header=raw)) in REASONS - {"good"}


@settings(max_examples=300)
@given(st.integers(0, len(GOOD) - 1), st.characters(max_codepoint=0x2FF), st.integers(0, 2))
def test_one_character_more_less_or_other(at: int, character: str, how: int) -> None:
    text = GOOD[:at] + character * (how != 0) + GOOD[at + (how != 2) :]
    assert (outcome(text) == "good") == (text == GOOD)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(KEYS)), st.binary(max_size=400))
def test_signatures(alg: str, signature: bytes) -> None:
    text = f"{part(HEADER | {'alg': alg})}.{part(CLAIMS)}.{b64(signature)}"
    with pytest.raises(TokenError) as caught:
        verifier(KEYS[alg]).verify(text)
    assert caught.value.reason == "signature"


@given(st.binary(max_size=60))
def test_base64url_as_the_standard_library_writes_it(raw: bytes) -> None:
    text = base64.urlsafe_b64encode(raw).rstrip(b"=")
    assert base64url.encode(raw) == text
    assert base64url.decode(text) == raw


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@settings(max_examples=500)
@given(st.text(ALPHABET, max_size=24) | st.text(ALPHABET + "+/= \n", max_size=24))
def test_base64url_has_one_form(text: str) -> None:
    try:
        decoded: bytes | None = base64url.decode(text.encode())
    except ValueError:
        decoded = None
    expected = None
    # RFC 4648, 4: six bits for each character; those that make no whole byte are zero.
    if set(text) <= set(ALPHABET) and len(text) % 4 != 1:
        number = 0
        for character in text:
            number = number << 6 | ALPHABET.index(character)
        rest = 6 * len(text) % 8
        if not number & ((1 << rest) - 1):
            expected = (number >> rest).to_bytes(6 * len(text) // 8, "big")
    assert decoded == expected


def plain(value: Any) -> Any:
    """What was read, as the standard library reads it."""
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return {name: plain(one) for name, one in value.items()} if hasattr(value, "items") else value


@given(st.dictionaries(st.text(max_size=5), values, max_size=4), st.booleans())
def test_json_as_the_standard_library_reads_it(value: dict[str, Any], ascii_only: bool) -> None:
    try:
        raw = json.dumps(value, ensure_ascii=ascii_only).encode()
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        strict = all(len(word) <= 20 for word in numbers(value))
    except ValueError:
        strict = False
        raw = json.dumps(value).encode()
    try:
        found = plain(json_object.read(raw))
    except ValueError:
        assert not strict
    else:
        assert found == json.loads(raw)


def numbers(value: Any) -> list[str]:
    """Every whole number in it, as it is written."""
    if isinstance(value, dict):
        return [word for inner in value.values() for word in numbers(inner)]
    if isinstance(value, list):
        return [word for inner in value for word in numbers(inner)]
    return [str(value)] if isinstance(value, int) and not isinstance(value, bool) else []


def test_a_signature_over_something_else() -> None:
    first, second, _ = GOOD.split(".")
    assert outcome(f"{first}.{second}.{mac(first)}") == "signature"
    assert outcome(f"{first}.{second}.{mac(second)}") == "signature"
    assert outcome(f"{second}.{first}.{mac(f'{second}.{first}')}") in ("algorithm", "malformed")

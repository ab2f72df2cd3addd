"""No secret gets into a report."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.core.redact import Redactor, is_secret_name


@pytest.mark.parametrize(
    "name",
    ["password", "user_password", "apiKey", "X-Api-Key", "authorization", "accessToken", "pwd"],
)
def test_names_that_hold_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["passenger", "tokenizer", "author", "compass", "secretary", "pinned", "name"]
)
def test_names_that_do_not(name: str) -> None:
    assert not is_secret_name(name)


@given(st.text(min_size=6, max_size=40), st.text(max_size=30), st.text(max_size=30))
def test_a_known_secret_never_comes_out(secret: str, before: str, after: str) -> None:
    redacted = Redactor([secret]).text(before + secret + after)
    assert secret not in redacted or secret in before + after


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.abcdefghijkl", "eyJzdWIiOiJhIn0"),
        ("postgresql://shop:hunter22@db/shop", "hunter22"),
        ('{"password": "hunter22"}', "hunter22"),
        ("api_key=sk_live_1234567890", "sk_live_1234567890"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "MIIE"),
    ],
)
def test_what_has_the_shape_of_a_secret_is_masked(text: str, secret: str) -> None:
    assert secret not in Redactor().text(text)


def test_values_of_telling_headers_are_masked() -> None:
    shown = Redactor().headers([("cookie", "session=abcdef123456"), ("accept", "text/html")])
    assert shown == [("cookie", "ses…(20)"), ("accept", "text/html")]

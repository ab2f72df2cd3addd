"""Secrets that no name gives away are masked, what only looks like one is not, and no text takes long."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.core.redact import Redactor

# Forms that their issuers document; put together here so that no scanner of secrets takes them for real.
HEX = "0123456789abcdef"
LETTERS = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6kL9n"
KEYS = [
    "AKIA" + "Q7RTSUVWXYZ23456",
    "ghp_" + LETTERS[:36],
    "github_pat_" + LETTERS[:22] + "_" + LETTERS,
    "glpat-" + LETTERS[:20],
    "sk_live_" + LETTERS[:24],
    "rk_test_" + LETTERS[:24],
    "whsec_" + LETTERS[:32],
    "xoxb-" + "123456789012-" + LETTERS[:24],
    "AIza" + LETTERS[:35],
    "ya29." + LETTERS,
    "sk-ant-" + LETTERS,
    "sk-proj-" + LETTERS,
    "hf_" + LETTERS[:34],
    "npm_" + LETTERS[:36],
    "pypi-AgEIcHlwaS5vcmc" + LETTERS + LETTERS,
    "SG." + LETTERS[:22] + "." + LETTERS[:40],
    "dop_v1_" + HEX * 4,
    "shpat_" + HEX * 2,
    "123456789:AA" + LETTERS[:33],
    "hvs." + LETTERS,
    "dapi" + HEX * 2,
    "dckr_pat_" + LETTERS[:27],
    "AGE-SECRET-KEY-1" + "Q7RTSUVWXYZ23456" * 4,
]
# RFC 7519, 3.1.
JWT = (
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQo"
    "gImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
# RFC 7519, 6.1: nobody signed it.
UNSIGNED = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt."
# The numbers that payment services give for tests, one per issuer and length.
CARDS = [
    "4111111111111111",
    "4242 4242 4242 4242",
    "5555-5555-5555-4444",
    "2223003122003222",
    "378282246310005",
    "3782 822463 10005",
    "6011111111111117",
    "3566002020360505",
    "30569309025904",
    "6200000000000005",
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "text", ["{}", "the call failed: {}.", "x={}&y=1", '{{"note":"{}"}}', "({})"]
)
def test_keys_of_issuers(key: str, text: str) -> None:
    shown = Redactor().text(text.format(key))
    assert key[8:] not in shown
    before, after = text.format("\0").split("\0")
    assert shown.startswith(before) and shown.endswith(after)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"took {JWT}", "eyJpc3Mi"),
        (f"session_{JWT}", "eyJpc3Mi"),
        (f"took {UNSIGNED} and", "eyJpc3Mi"),
        # RFC 7617, 2, and RFC 6750, 2.1.
        ("sent Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "QWxhZGRpbjpvcGVuIHNlc2FtZQ"),
        ("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "QWxhZGRpbjpvcGVuIHNlc2FtZQ"),
        ("got Bearer mF_9.B5f-4.1JqM there", "mF_9.B5f-4.1JqM"),
        ("Authorization: Token 9944b09199c6", "9944b09199c6"),
        ("redis://:p@ss:word@cache:6379/0", "ss:word"),
        ("https://x-access-token:abcdefgh@git.example/a.git", "abcdefgh"),
        ("https://0a1b2c3d4e5f60718293a4b5@git.example/a.git", "3a4b5"),
        ("PASSWORD='two words'", "words"),
        ('{"password": "two words, and \\"quoted\\""}', "quoted"),
        ('"{\\"api_key\\": \\"two words\\"}"', "words"),
        ('{"passphrase":"abc"}', '"abc"'),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "K7MDENG"),
        ("GET /f?X-Amz-Signature=fe5f80f77d5fa3be", "fe5f80f77d5fa3be"),
        ("cookie: theme=dark; sid=31d4d96e407aad42", "31d4d96e407aad42"),
        ("$argon2id$v=19$m=65536,t=2,p=1$gZiV/M1gPc22ElAH/Jh1Hw$CWOrkoo7oJBQ", "gZiV"),
        ("$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW", "URNNX3"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXkt", "b3BlbnNz"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: AES-128-CBC,0A\n\nMIIE\n-----END RSA PRIVATE KEY-----",
            "MIIE",
        ),
        ("'-----BEGIN PRIVATE KEY-----\\nMIIEvQ\\n-----END PRIVATE KEY-----'", "MIIEvQ"),
    ],
)
def test_credentials_of_standard_forms(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in Redactor().text(text)


@pytest.mark.parametrize("number", CARDS)
@pytest.mark.parametrize("text", ["{}", "paid with {}.", "card:{}, once", "{} 123", "卡号{}。"])
def test_numbers_of_cards(number: str, text: str) -> None:
    shown = Redactor().text(text.format(number))
    assert number not in shown
    before, after = text.format("\0").split("\0")
    assert shown.startswith(before) and shown.endswith(after)


@pytest.mark.parametrize(
    "text",
    [
        "The order 1234567890123456 was sent",  # no issuer
        "4111111111111112",  # no check digit
        "ISBN 978-3-16-148410-0, EAN 4006381333931",
        "took 1732776684.411111111111 s",
        "550e8400-e29b-41d4-a716-446655440000",
        "a4111111111111111f",
        "1.4111111111111111",
        "basic authentication is off",
        "Basic realm",
        "bearer of good news and more",
        "Bearer authentication-is-required",
        "https://shop.example:8443/a@b",
        "http://[::1]:8000/ and mail ann@shop.example",
        '{"url":"http://shop:80","mail":"ann@shop.example"}',
        "npm_config_cache, sk-loading-spinner-with-a-long-name-of-its-own, glyphs-and-more",
        "the ghp_ prefix, hf_hub, shpat, AKIA, xoxb",
        "$5 and $6 and $100,000,000,000,000,000",
        "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
        '{"token": null, "password": false}',
        "monkey=banana, design: blue, the cookie jar is empty",
        "eyJ is how they begin",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor().text(text) == text


def test_after_a_key_without_an_end_the_rest_of_a_line_of_code_stays() -> None:
    text = 'if text.startswith("-----BEGIN PRIVATE KEY-----"): raise'
    assert Redactor().text(text).endswith('"): raise')


def test_values_are_masked_by_name_and_shape_at_any_depth() -> None:
    data = {
        "user": {"password": "hunter", "name": "Ann", "tries": 3, "ok": True},
        "cards": [4111111111111111, 4111111111111112, 10**400],
        JWT: "x",
    }
    shown = Redactor().value(data)
    assert shown["user"] == {"password": "h…(6)", "name": "Ann", "tries": 3, "ok": True}
    assert shown["cards"] == ["411…(16)", 4111111111111112, 10**400]
    assert JWT not in str(shown)


@given(st.text(), st.text(alphabet="ey.JAKIghp_sk-:/@ =\"'\\0123456789-", max_size=400))
def test_masking_twice_gives_back_nothing(text: str, dense: str) -> None:
    for one in (text, dense):
        once = Redactor().text(f"{one} {JWT} {one}")
        assert JWT not in once
        assert JWT not in Redactor().text(once)


@given(st.binary(min_size=1, max_size=30), st.binary(min_size=1, max_size=30))
def test_a_name_and_a_password_in_basic_never_come_out(name: bytes, password: bytes) -> None:
    sent = base64.b64encode(name.hex().encode() + b":" + password.hex().encode()).decode()
    assert sent not in Redactor().text(f"Authorization: Basic {sent}")


HOSTILE = [
    "-eyJaaaaaaa",
    "eyJaaaaaaa.",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY----- -",
    "token ",
    "password",
    "api_key_",
    'password="',
    "://a:b",
    "://",
    "$5$aaaa",
    "sk-ant-",
    "cookie: a=",
    "Bearer aaaaaaaaaaaaaaaa",
    "Basic ",
    "1234 ",
    "1234-",
]


@pytest.mark.parametrize("part", HOSTILE)
def test_time_grows_with_the_text_and_not_with_its_square(part: str) -> None:
    def seconds(size: int) -> float:
        text = part * (size // len(part))
        took = []
        for _ in range(3):
            start = time.thread_time()
            Redactor().text(text)
            took.append(time.thread_time() - start)
        return min(took)

    # Eight times the text: sixty-four times the time, were it the square.
    assert seconds(160_000) < 24 * max(seconds(20_000), 0.0005)

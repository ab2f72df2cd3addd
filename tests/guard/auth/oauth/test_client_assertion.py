"""``private_key_jwt``: each check of RFC 7523, 3 and OpenID Connect Core, 9 for itself."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.guard import KeySet, SigningKey
from buckler.guard.auth.oauth.client_assertion import (
    ClientAssertion,
    client_of,
    read_assertion,
)
from buckler.guard.auth.oauth.errors import OAuthError
from tests.guard.auth.oauth.proofs import FEW, NOW, Maker, part

ISSUER = "https://id.example"
TOKEN_ENDPOINT = "https://id.example/token"
CLIENT = "s6BhdRkqt3"
MAKER = Maker()
KEYS = KeySet(SigningKey.from_jwk(MAKER.jwk, kid="one"))
CLAIMS: dict[str, Any] = {
    "iss": CLIENT,
    "sub": CLIENT,
    "aud": ISSUER,
    "jti": "id-1",
    "iat": int(NOW) - 1,
    "exp": int(NOW) + 60,
}


def made(*, header: dict[str, Any] | None = None, maker: Maker = MAKER, **claims: Any) -> str:
    """A good one, but for what is given; None leaves a claim out."""
    whole = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    members = {"alg": maker.alg, "kid": "one"} | (header or {})
    return maker.signed({k: v for k, v in members.items() if v is not None}, whole)


def read(assertion: str, **options: Any) -> ClientAssertion:
    given = {"client": CLIENT, "keys": KEYS, "issuer": ISSUER, "now": NOW} | options
    return read_assertion(assertion, **given)


def reason(assertion: str, **options: Any) -> str:
    """``good``, or why not; the error is always the one of RFC 7521, 4.2.1."""
    try:
        read(assertion, **options)
    except OAuthError as error:
        told = (error.error, error.status)
        return error.reason if told == ("invalid_client", 401) else str(told)
    return "good"


def test_one_that_is_good() -> None:
    found = read(made())
    assert (found.client, found.id, found.until) == (CLIENT, "id-1", NOW + 70)
    assert client_of(made()) == CLIENT


@pytest.mark.parametrize("alg", ["ES256", "ES512", "RS256", "PS384", "EdDSA"])
def test_one_that_pyjwt_makes(alg: str) -> None:
    key = SigningKey.generate(alg)
    token = jwt.encode(CLAIMS, key.pem(), algorithm=alg)
    assert read(token, keys=KeySet(key.public())).client == CLIENT
    assert reason(token, keys=KeySet(key.public()), algorithms=["ES384"]) == "algorithm"


@pytest.mark.parametrize("typ", ["JWT", "client-authentication+jwt", None, "application/JWT"])
def test_types(typ: str | None) -> None:
    assert reason(made(header={"typ": typ})) == "good"


@pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "logout+jwt", "secevent+jwt", "", 7])
def test_a_token_of_another_kind(typ: Any) -> None:
    assert reason(made(header={"typ": typ})) == "type"


def test_a_shared_secret_does_not_sign() -> None:
    secret = SigningKey.generate("HS256")
    token = jwt.encode(CLAIMS, secret._key.raw_value, algorithm="HS256")
    assert reason(token, keys=KeySet(secret)) == "algorithm"
    assert reason(token) == "key"
    assert reason(made(header={"alg": "none"})) == "algorithm"


def test_the_key_of_that_client_alone() -> None:
    assert reason(made(maker=Maker())) == "signature"
    assert reason(made(header={"kid": "two"})) == "key"
    assert reason(made(header={"jwk": MAKER.jwk})) == "header"


@pytest.mark.parametrize("name", ["iss", "sub", "jti", "exp"])
@pytest.mark.parametrize("value", [None, "", [CLIENT], {}, True, "x" * 513])
def test_claims_that_are_required(name: str, value: Any) -> None:
    assert reason(made(**{name: value})) == "claim"


def test_issuer_and_subject_are_the_client() -> None:
    assert reason(made(sub="other")) == "client"
    assert reason(made(iss="other")) == "client"
    assert reason(made(iss="other", sub="other")) == "client"
    for wrong in ({"sub": "other"}, {"iss": None}, {"sub": None}):
        with pytest.raises(OAuthError):
            client_of(made(**wrong))


@pytest.mark.parametrize(
    "aud",
    [
        None,
        "",
        7,
        [],
        [ISSUER],
        [ISSUER, "https://other.example"],
        TOKEN_ENDPOINT,
        [TOKEN_ENDPOINT],
        ISSUER + "/",
        "https://other.example",
    ],
)
def test_the_audience_is_the_issuer_as_a_single_text(aud: Any) -> None:
    assert reason(made(aud=aud)) == "audience"


def test_the_audience_as_it_was_where_that_is_switched_on() -> None:
    for good in (ISSUER, TOKEN_ENDPOINT, [ISSUER], [TOKEN_ENDPOINT]):
        assert reason(made(aud=good), token_endpoint=TOKEN_ENDPOINT) == "good"
    for bad in ("", None, [ISSUER, TOKEN_ENDPOINT], [], TOKEN_ENDPOINT + "2", [[ISSUER]]):
        assert reason(made(aud=bad), token_endpoint=TOKEN_ENDPOINT) == "audience"


@pytest.mark.parametrize(
    ("claims", "outcome"),
    [
        ({"exp": NOW - 9}, "good"),
        ({"exp": NOW - 10}, "expired"),
        ({"exp": NOW + 310}, "good"),
        ({"exp": NOW + 311}, "lifetime"),
        ({"exp": "tomorrow"}, "claim"),
        ({"iat": NOW + 10}, "good"),
        ({"iat": NOW + 11}, "future"),
        ({"nbf": NOW + 10}, "good"),
        ({"nbf": NOW + 11}, "future"),
        ({"iat": None}, "good"),
        ({"iat": "now"}, "claim"),
    ],
)
def test_times(claims: dict[str, Any], outcome: str) -> None:
    assert reason(made(**claims)) == outcome


def test_how_long_it_may_last_is_an_option() -> None:
    assert reason(made(exp=NOW + 3_600), lifetime=3_600) == "good"


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "....", "x" * 9_000, "\N{SNOWMAN}.b.c"])
def test_what_is_no_jwt(text: str) -> None:
    assert reason(text) in ("malformed", "size")
    with pytest.raises(OAuthError):
        client_of(text)


def test_claims_that_are_no_object() -> None:
    assert reason(MAKER.signed({"alg": "ES256"}, [1])) == "malformed"
    with pytest.raises(OAuthError):
        client_of(f"a.{part([1])}.c")


def test_what_a_replay_is_known_by() -> None:
    keys = {read(made(jti=one)).replay_key for one in ("a", "b", "a")}
    assert len(keys) == 2
    one = ClientAssertion(client="a", id="b\0c", until=0)
    assert one.replay_key != ClientAssertion(client="a\0b", id="c", until=0).replay_key


@given(
    st.dictionaries(
        st.sampled_from([*CLAIMS, "nbf"]),
        st.sampled_from([True, -1, 1e300, NOW, [], ["a"], {}, CLIENT])
        | st.text(alphabet=FEW, max_size=8),
    )
)
def test_any_claims_are_refused(claims: dict[str, Any]) -> None:
    # None of these is a good audience, and a claim that is not there is required.
    found = reason(MAKER.signed({"alg": "ES256"}, claims))
    assert found not in ("good", "")

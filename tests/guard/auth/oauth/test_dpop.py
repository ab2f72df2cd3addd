"""DPoP proofs: the examples of RFC 9449 and RFC 7638, and each check of RFC 9449, 4.3 for itself."""

from __future__ import annotations

import json
from typing import Any

import joserfc.jwk
import joserfc.jws
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from buckler.guard import SigningKey
from buckler.guard.auth.oauth.dpop import ALGS, Proof, hashed, proof_of, read_proof, thumbprint
from buckler.guard.auth.oauth.errors import OAuthError
from tests.guard.auth.oauth.proofs import (
    FEW,
    METHOD,
    NOW,
    TOKEN,
    URL,
    Maker,
    ath,
    b64,
    number,
    part,
)

FIGURE_2 = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0Rsc"
    "EJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2I"
    "n19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2Vu"
    "IiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT"
    "3Lg"
)
FIGURE_13 = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0Rsc"
    "EJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2I"
    "n19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90Z"
    "WN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFby"
    "J9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
)
JKT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
MAKER = Maker()


def read(proof: str, **options: Any) -> Proof:
    return read_proof(proof, **({"method": METHOD, "url": URL, "now": NOW} | options))


def reason(proof: str, **options: Any) -> str:
    """``good``, or why not; the error is always the one of RFC 9449."""
    try:
        read(proof, **options)
    except OAuthError as error:
        return error.reason if error.error == "invalid_dpop_proof" else error.error
    return "good"


def test_figure_2_of_rfc_9449() -> None:
    found = read(FIGURE_2, now=1562262616.0)
    assert (found.thumbprint, found.id, found.issued) == (JKT, "-BwC3ESc6acc2lTc", 1562262616)
    assert (found.nonce, found.until) == ("", 1562262676)


def test_figure_13_of_rfc_9449() -> None:
    at = {"method": "GET", "url": "https://resource.example.org/protectedresource"}
    found = read(FIGURE_13, now=1562262618.0, access_token=TOKEN, **at)
    assert (found.thumbprint, found.id) == (JKT, "e1j3V_bKic8-LAEB")
    assert hashed(TOKEN) == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


def test_the_thumbprint_of_rfc_7638() -> None:
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCi"
        "FV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb"
        "9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls"
        "1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    found = {"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    assert thumbprint(SigningKey.from_jwk(found)) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize("alg", ALGS)
def test_every_asymmetric_algorithm(alg: str) -> None:
    maker = Maker(alg)
    assert read(maker.proof()).thumbprint == maker.thumbprint
    assert reason(maker.proof()[:-8] + "AAAAAAAA") == "signature"


def test_proofs_that_others_make() -> None:
    header = {"typ": "dpop+jwt", "jwk": MAKER.jwk}
    claims = {"jti": "theirs", "htm": METHOD, "htu": URL, "iat": int(NOW), "ath": ath(TOKEN)}
    of_pyjwt = jwt.encode(claims, MAKER.key, algorithm="ES256", headers=header)
    key = joserfc.jwk.OKPKey.generate_key("Ed25519")
    members = {**header, "alg": "Ed25519", "jwk": key.as_dict(private=False)}
    of_joserfc = joserfc.jws.serialize_compact(
        members, json.dumps(claims), key, algorithms=["Ed25519"]
    )
    assert read(of_pyjwt, access_token=TOKEN).thumbprint == MAKER.thumbprint
    assert read(of_joserfc, access_token=TOKEN).thumbprint == key.thumbprint()


def test_one_header_alone() -> None:
    assert proof_of([(b"host", b"x")]) is None
    assert proof_of([(b"dpop", b" abc\t")]) == "abc"
    for headers in ([(b"dpop", b"a"), (b"dpop", b"a")], [(b"dpop", b"\xff")]):
        with pytest.raises(OAuthError) as caught:
            proof_of(headers)
        assert caught.value.error == "invalid_dpop_proof"


@pytest.mark.parametrize(
    "text",
    ["", "a", "a.b", "a.b.c.d", "..", "a.b.c", "\N{SNOWMAN}.b.c", f"{FIGURE_2}, {FIGURE_2}"],
)
def test_what_is_no_jwt(text: str) -> None:
    assert reason(text) == "malformed"


def test_a_proof_of_any_size_is_refused_before_it_is_decoded() -> None:
    assert reason(MAKER.proof(pad="x" * 9_000)) == "size"
    assert reason(MAKER.proof(header={"pad": "x" * 4_000})) == "malformed"


@pytest.mark.parametrize("typ", [None, "jwt", "at+jwt", "dpop", "application/dpop+jwt+x", 7])
def test_another_type(typ: Any) -> None:
    assert reason(MAKER.proof(header={"typ": typ})) == "type"


def test_the_type_is_a_media_type() -> None:
    assert reason(MAKER.proof(header={"typ": "application/DPoP+JWT"})) == "good"


@pytest.mark.parametrize("alg", [None, "none", "None", "HS256", "ES256K", "RSA-OAEP", 7, "ES384"])
def test_no_algorithm_but_that_of_an_asymmetric_key(alg: Any) -> None:
    assert reason(MAKER.proof(header={"alg": alg})) in ("algorithm", "key")


def test_only_algorithms_that_are_taken() -> None:
    assert reason(MAKER.proof(), algorithms=["ES256"]) == "good"
    assert reason(MAKER.proof(), algorithms=["EdDSA"]) == "algorithm"
    assert reason(MAKER.proof(), algorithms=["ES256"]) == "good"


def test_a_shared_secret_is_no_key() -> None:
    secret = b64(bytes(range(64)))
    assert reason(MAKER.proof(header={"jwk": {"kty": "oct", "k": secret}})) == "key"
    assert reason(MAKER.proof(header={"jwk": MAKER.jwk | {"k": secret}})) == "key"


@pytest.mark.parametrize("alg", ["ES256", "RS256", "EdDSA"])
def test_a_private_key_is_refused(alg: str) -> None:
    maker = Maker(alg)
    pem = maker.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    private = joserfc.jwk.import_key(pem, maker.jwk["kty"]).as_dict(private=True)
    assert "d" in private
    assert reason(maker.proof(header={"jwk": private})) == "key"


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        "text",
        [],
        {},
        {"kty": "EC"},
        MAKER.jwk | {"crv": "P-384"},
        MAKER.jwk | {"x": b64(bytes(32))},
        MAKER.jwk | {"use": "enc"},
        MAKER.jwk | {"alg": "ES384"},
        {"kty": "RSA", "n": number((1 << 1023) | 1), "e": "AQAB"},
    ],
    ids=range(10),
)
def test_what_is_no_key_or_a_weak_one(jwk: Any) -> None:
    assert reason(MAKER.proof(header={"jwk": jwk})) == "key"


@pytest.mark.parametrize("name", ["crit", "b64", "zip", "enc", "jku", "x5u", "x5c"])
def test_members_that_are_refused(name: str) -> None:
    assert reason(MAKER.proof(header={name: ["exp"]})) == "header"


def test_the_signature_is_of_the_key_in_the_proof() -> None:
    other = Maker()
    assert reason(other.signed(MAKER.header(), {})) == "signature"
    head, body, _ = MAKER.proof().split(".")
    assert reason(f"{head}.{body}.") == "signature"
    changed = part({"jti": "x", "htm": METHOD, "htu": URL, "iat": int(NOW)})
    assert reason(f"{head}.{changed}.{MAKER.proof().split('.')[2]}") == "signature"


@pytest.mark.parametrize("name", ["jti", "htm", "htu", "iat"])
@pytest.mark.parametrize("value", [None, "", 7.5e300, [], {}, True])
def test_claims_that_are_required(name: str, value: Any) -> None:
    assert reason(MAKER.proof(**{name: value})) == "claim"


@pytest.mark.parametrize("value", ["", 7, [], "x" * 513])
def test_a_nonce_is_a_text(value: Any) -> None:
    assert reason(MAKER.proof(nonce=value)) == "claim"
    assert read(MAKER.proof(nonce="of-the-server")).nonce == "of-the-server"


@pytest.mark.parametrize("method", ["GET", "post", "POSTS"])
def test_another_method(method: str) -> None:
    assert reason(MAKER.proof(), method=method) == "method"


@pytest.mark.parametrize(
    "htu",
    [
        "https://server.example.com/token?a=b",
        "https://server.example.com/token#part",
        "https://server.example.com:443/token",
        "https://server.example.com:/token",
        "HTTPS://Server.Example.COM/token",
        "https://server.example.com/%74oken",
        "https://server.example.com/./a/../token",
    ],
)
def test_one_address_written_otherwise(htu: str) -> None:
    assert reason(MAKER.proof(htu=htu)) == "good"
    assert reason(MAKER.proof(), url=URL + "?x=y") == "good"


@pytest.mark.parametrize(
    "htu",
    [
        "http://server.example.com/token",
        "https://server.example.com:8443/token",
        "https://server.example.com/token/",
        "https://server.example.com/Token",
        "https://server.example.com/a%2ftoken",
        "https://server.example.com.evil.example/token",
        "https://user@server.example.com/token",
        "https://server.example.com\\token",
        "https://server.example.com/token%",
        "https:/server.example.com/token",
        "//server.example.com/token",
        "/token",
        "https://",
        "https://server.example.com:port/token",
        " https://server.example.com/token",
        "https://s\N{CYRILLIC SMALL LETTER IE}rver.example.com/token",
    ],
)
def test_another_address(htu: str) -> None:
    assert reason(MAKER.proof(htu=htu)) == "address"


def test_dots_in_the_path_that_came_are_no_other_path() -> None:
    # A route may take them for a name: a proof for one address would count at another one.
    for came in ("/files/../token", "/files/%2e%2e/token", "/./token"):
        assert reason(MAKER.proof(), url="https://server.example.com" + came) == "address"


@pytest.mark.parametrize(
    ("seconds", "outcome"),
    [(0, "good"), (-59, "good"), (-60, "expired"), (10, "good"), (11, "future"), (9e9, "future")],
)
def test_the_window_of_iat(seconds: float, outcome: str) -> None:
    assert reason(MAKER.proof(iat=NOW + seconds)) == outcome


@pytest.mark.parametrize("iat", ["1800000000", -1, 1e300, "now"])
def test_iat_is_a_date(iat: Any) -> None:
    assert reason(MAKER.proof(iat=iat)) == "claim"


def test_an_end_that_the_client_sets_counts() -> None:
    assert reason(MAKER.proof(exp=NOW)) == "expired"
    assert read(MAKER.proof(exp=NOW + 5)).until == NOW + 5


@pytest.mark.parametrize("value", [None, "", 7, ath(TOKEN + "x"), ath(TOKEN) + "="])
def test_a_proof_for_another_token(value: Any) -> None:
    assert reason(MAKER.proof(ath=value), access_token=TOKEN) == "token"
    assert reason(MAKER.proof(ath=ath(TOKEN)), access_token=TOKEN) == "good"


def test_what_a_replay_is_known_by() -> None:
    one, other = read(MAKER.proof()), read(MAKER.proof(htm="GET"), method="GET")
    assert one.replay_key == other.replay_key
    keys = {read(m.proof(jti=i)).replay_key for m in (MAKER, Maker()) for i in ("a", "b")}
    assert len(keys) == 4
    assert all(len(key) == 64 for key in keys)


ANY = st.sampled_from(
    [None, True, 0, -1, 1e300, [], ["a"], {}, {"kty": "EC"}, "dpop+jwt", "ES256", METHOD, NOW]
) | st.text(alphabet=FEW, max_size=8)


@given(st.text(alphabet="abcAZ019-_=. \n\N{SNOWMAN}", max_size=60))
def test_any_text_is_refused_and_nothing_else(text: str) -> None:
    assert reason(text) != "good"


@given(
    st.dictionaries(st.sampled_from(["typ", "alg", "jwk", "kid", "crit"]), ANY),
    st.dictionaries(st.sampled_from(["jti", "htm", "htu", "iat", "ath", "nonce", "exp"]), ANY),
)
def test_any_members_are_refused_or_good(header: dict[str, Any], claims: dict[str, Any]) -> None:
    # None of these is a good value by chance.
    found = reason(MAKER.signed(MAKER.header(**header), claims))
    assert found not in ("good", "")

"""The client's certificate: the examples of RFC 8705 and RFC 9440, the proxies' headers, and what it is compared with."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from buckler.guard import GuardError, SigningKey
from buckler.guard.auth.oauth.certificate import ClientCertificate, has_key, is_subject, of_server
from buckler.guard.auth.oauth.certificate_header import CertificateHeader
from buckler.guard.auth.oauth.errors import OAuthError
from tests.guard.auth.oauth.certificates import (
    KEY,
    RFC_8705,
    RFC_8705_JWK,
    RFC_8705_THUMBPRINT,
    RFC_9440,
    certificate,
    der,
    pem,
    text,
)

PROXY = "10.0.0.7"
MADE = certificate()
OTHER = certificate("CN=other", key=ec.generate_private_key(ec.SECP256R1()))


def given_by(server: Any) -> ClientCertificate | None:
    return of_server({"extensions": {"tls": server}})


def shown(made: x509.Certificate, *, verified: bool = True) -> ClientCertificate:
    return ClientCertificate(der=der(made), verified=verified)


def header(value: str | bytes, form: Any, peer: Any = (PROXY, 4), **options: Any) -> Any:
    raw = value.encode("latin-1") if isinstance(value, str) else value
    scope = {"client": peer, "headers": [(b"x-cert", raw)]}
    return CertificateHeader("X-Cert", form, [PROXY], **options).read(scope)


def test_the_thumbprint_of_rfc_8705() -> None:
    found = given_by({"client_cert_chain": [RFC_8705]})
    assert found is not None
    assert (found.thumbprint, found.verified) == (RFC_8705_THUMBPRINT, True)
    assert has_key(found, [SigningKey.from_jwk(RFC_8705_JWK)])


def test_what_the_server_gives() -> None:
    assert of_server({}) is None
    assert of_server({"extensions": None}) is None
    assert given_by(None) is None
    assert given_by({"client_cert_chain": []}) is None
    assert given_by({"client_cert_chain": None}) is None
    found = given_by({"client_cert_chain": (pem(MADE), pem(OTHER)), "client_cert_error": None})
    assert found == shown(MADE)
    failed = given_by({"client_cert_chain": iter([pem(MADE)]), "client_cert_error": "expired"})
    assert failed == shown(MADE, verified=False)


@pytest.mark.parametrize("chain", [["x"], [b"x"], [RFC_8705 + RFC_8705], [RFC_8705[:200]]])
def test_what_the_server_gives_and_is_none(chain: Any) -> None:
    with pytest.raises(OAuthError) as caught:
        given_by({"client_cert_chain": chain})
    assert (caught.value.error, caught.value.reason) == ("invalid_request", "certificate")


WRITTEN = {
    "nginx": quote(pem(MADE), safe=""),
    "envoy": f'By=spiffe://a;Hash=0a;Subject="CN=a\\",;b";Cert="{quote(pem(MADE), safe="")}";DNS=x',
    "haproxy": text(MADE),
    "traefik": f"{text(MADE)},{text(OTHER)}",
    "rfc9440": f":{text(MADE)}:",
}


@pytest.mark.parametrize("form", WRITTEN)
def test_every_form(form: str) -> None:
    assert header(WRITTEN[form], form) == shown(MADE, verified=False)
    assert header(WRITTEN[form], form, verified=True) == shown(MADE)
    assert header("", form) is None


def test_the_example_of_rfc_9440() -> None:
    found = header(RFC_9440, "rfc9440", verified=True)
    assert is_subject(found, "san_email", "bdc@example.com")
    assert is_subject(found, "subject_dn", "CN=BC")


@pytest.mark.parametrize("form", WRITTEN)
@pytest.mark.parametrize("peer", [("10.0.0.8", 4), ("203.0.113.9", 4), None, ("", 0)])
def test_a_header_of_anybody_else_is_none(form: str, peer: Any) -> None:
    assert header(WRITTEN[form], form, peer) is None
    assert header("nonsense", form, peer) is None


def test_a_forwarded_address_is_no_peer() -> None:
    forwarded = [(b"x-forwarded-for", PROXY.encode()), (b"x-cert", text(MADE).encode())]
    scope = {"client": ("203.0.113.9", 4), "headers": forwarded}
    assert CertificateHeader("x-cert", "haproxy", [PROXY]).read(scope) is None


def test_a_proxy_on_a_unix_socket() -> None:
    scope = {"client": None, "headers": [(b"x-cert", text(MADE).encode())]}
    assert CertificateHeader("x-cert", "haproxy", ["unix"]).read(scope) is not None
    assert CertificateHeader("x-cert", "haproxy", [PROXY]).read(scope) is None
    assert CertificateHeader("x-other", "haproxy", ["unix"]).read(scope) is None


@pytest.mark.parametrize("form", WRITTEN)
def test_a_header_in_another_form_is_refused(form: Any) -> None:
    for other, value in WRITTEN.items():
        if other != form and (other, form) != ("haproxy", "traefik"):
            with pytest.raises(OAuthError):
                header(value, form)


def test_a_header_that_came_twice() -> None:
    one = (b"x-cert", text(MADE).encode())
    with pytest.raises(OAuthError):
        CertificateHeader("x-cert", "haproxy", [PROXY]).read(
            {"client": (PROXY, 4), "headers": [one, one]}
        )


@pytest.mark.parametrize(
    "value",
    [
        f'Cert="{quote(RFC_8705)}",Cert="{quote(pem(MADE))}"',
        f'By=a;Cert="{quote(RFC_8705)}",By=b',
        f'Cert="{quote(RFC_8705)}";Cert="{quote(pem(MADE))}"',
        f'Cert="{quote(RFC_8705)}',
        f"{quote(RFC_8705)}",
        'Cert="";By=x',
        "Cert",
        "=;",
    ],
    ids=range(8),
)
def test_envoys_header_with_more_than_one_meaning(value: str) -> None:
    with pytest.raises(OAuthError):
        header(value, "envoy")


def test_envoys_header_without_a_certificate() -> None:
    assert header("By=spiffe://a;Hash=0a", "envoy") is None


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("nginx", quote(RFC_8705) + "%"),
        ("nginx", quote(RFC_8705) + "%zz"),
        ("nginx", quote(RFC_8705 + RFC_8705)),
        ("haproxy", text(MADE)[:-4]),
        ("haproxy", text(MADE) + "AAAA"),
        ("haproxy", "-" + text(MADE)),
        ("haproxy", "A" * 20_000),
        ("rfc9440", text(MADE)),
        ("rfc9440", ":"),
        ("rfc9440", f"A{text(MADE)}A"),
        ("rfc9440", f":{text(MADE)}A"),
    ],
    ids=range(11),
)
def test_what_is_no_certificate(form: str, value: str) -> None:
    with pytest.raises(OAuthError) as caught:
        header(value, form)
    assert caught.value.error == "invalid_request"


@given(st.binary(max_size=60), st.sampled_from(list(WRITTEN)))
def test_any_header_is_read_or_refused(value: bytes, form: str) -> None:
    try:
        found = header(value, form)
    except OAuthError:
        return
    assert found is None


@pytest.mark.parametrize(
    ("subject", "expected", "same"),
    [
        ("CN=shop,O=Example,C=DE", "CN=shop,O=Example,C=DE", True),
        ("CN=shop,O=Example,C=DE", "CN=Shop,O=EXAMPLE,C=DE", True),
        ("CN=shop  one", "CN=shop one", True),
        ("CN=shop,O=Example", "O=Example,CN=shop", False),
        ("CN=shop,O=Example", "CN=shop", False),
        ("CN=shop", "CN=shop,O=Example", False),
        ("CN=shop+OU=a", "OU=a+CN=shop", True),
        ("CN=shop\\,O=Example", "CN=shop,O=Example", False),
        ("1.2.840.113549.1.9.1=a@b.example", "emailAddress=a@b.example", True),
        ("CN=\N{KELVIN SIGN}", "CN=k", False),
    ],
)
def test_the_subject(subject: str, expected: str, same: bool) -> None:
    assert is_subject(shown(certificate(subject)), "subject_dn", expected) is same


NAMED = certificate(
    names=[
        x509.DNSName("shop.example"),
        x509.DNSName("*.wild.example"),
        x509.UniformResourceIdentifier("https://shop.example/Client"),
        x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
        x509.RFC822Name("Shop@mail.example"),
    ]
)


@pytest.mark.parametrize(
    ("kind", "expected", "same"),
    [
        ("san_dns", "shop.example", True),
        ("san_dns", "SHOP.example", True),
        ("san_dns", "*.wild.example", True),
        ("san_dns", "a.wild.example", False),
        ("san_dns", "example", False),
        ("san_dns", "https://shop.example/Client", False),
        ("san_uri", "https://shop.example/Client", True),
        ("san_uri", "https://shop.example/client", False),
        ("san_ip", "2001:0db8:0:0:0:0:0:1", True),
        ("san_ip", "2001:db8::2", False),
        ("san_email", "Shop@MAIL.example", True),
        ("san_email", "shop@mail.example", False),
        ("san_dns", "mail.example", False),
    ],
)
def test_other_names(kind: Any, expected: str, same: bool) -> None:
    assert is_subject(shown(NAMED), kind, expected) is same
    assert not is_subject(shown(MADE), kind, expected)


def test_a_name_that_nobody_vouches_for() -> None:
    assert not is_subject(shown(MADE, verified=False), "subject_dn", "CN=shop")
    assert is_subject(shown(MADE), "subject_dn", "CN=shop")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("subject_dn", "shop"),
        ("subject_dn", ""),
        ("san_ip", "shop"),
        ("san_dns", ""),
        ("san_dns", None),
        ("san_dns", "x" * 1_001),
        ("san_other", "x"),
    ],
)
def test_what_nobody_can_be_known_by(kind: Any, expected: Any) -> None:
    with pytest.raises(GuardError):
        is_subject(shown(MADE), kind, expected)


def test_the_key_that_was_registered() -> None:
    ours = SigningKey.from_pem(pem_of(KEY), kid="any", alg="ES256")
    theirs, secret = SigningKey.generate("ES256"), SigningKey.generate("HS256")
    assert has_key(shown(MADE, verified=False), [secret, theirs, ours])
    assert not has_key(shown(MADE), [secret, theirs])
    assert not has_key(shown(OTHER), [ours])
    assert not has_key(shown(MADE), [])


def test_an_rsa_key_whatever_its_algorithm() -> None:
    key = rsa.generate_private_key(65537, 2048)
    registered = SigningKey.from_pem(pem_of(key), alg="PS512")
    assert has_key(shown(certificate(key=key)), [registered])


def test_a_key_that_cannot_be_registered() -> None:
    weak = rsa.generate_private_key(65537, 1024)
    assert not has_key(shown(certificate(key=weak)), [SigningKey.generate("ES256")])


def pem_of(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"name": "X Cert"}, "name"),
        ({"name": ""}, "name"),
        ({"form": "apache"}, "form"),
        ({"proxies": "10.0.0.7"}, "list"),
        ({"proxies": ["0.0.0.0/0"]}, "everybody"),
        ({"verified": "yes"}, "verified"),
    ],
)
def test_options(options: dict[str, Any], word: str) -> None:
    whole = {"name": "x-cert", "form": "nginx", "proxies": [PROXY]} | options
    with pytest.raises(GuardError, match=word):
        CertificateHeader(**whole)

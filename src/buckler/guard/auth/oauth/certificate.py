"""The client's certificate of mutual TLS, and what it is compared with (RFC 8705, 2 and 3).

Threat: a token that was stolen and is used over another connection (CWE-294; RFC 9700, 2.2.1; ASVS 5.0 V10.3.5), and a
client that is taken for another one by a certificate of its own making (CWE-295, CWE-297). That the sender has
the private key is for TLS to prove; that somebody vouches for the name is known of verified chains alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from buckler.guard.auth.jwt import base64url
from buckler.guard.auth.jwt.key import SigningKey
from buckler.guard.auth.oauth.dpop import thumbprint
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.options import GuardError

if TYPE_CHECKING:
    from cryptography import x509

SubjectKind = Literal["subject_dn", "san_dns", "san_uri", "san_ip", "san_email"]
"""What of a certificate a client is known by: ``tls_client_auth_...`` (RFC 8705, 2.1.2)."""
LONGEST: Final = 16 * 1024
"""Characters of a certificate as text, and bytes of one."""
_PEM: Final = re.compile(
    r"\s*-----BEGIN CERTIFICATE-----\s*([A-Za-z0-9+/=\s]+?)\s*-----END CERTIFICATE-----\s*"
)
_SPACES: Final = re.compile(r"\s+")
_FURTHER: Final = {
    "E": "1.2.840.113549.1.9.1",
    "emailAddress": "1.2.840.113549.1.9.1",
    "serialNumber": "2.5.4.5",
    "organizationIdentifier": "2.5.4.97",
}
"""Names of attributes that certificates of clients have beside those of RFC 4514, 3."""
_LABEL: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DNS: Final = rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*"
_FORMS: Final = {
    "san_dns": re.compile(_DNS),
    "san_uri": re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+"),
    "san_email": re.compile(rf"[!-?A-~]+@{_DNS}"),
}
"""Names as certificates hold them: ASCII alone, other letters in the form that DNS gives them (RFC 5280, 4.2.1.6 and 7)."""
_CAPITALS: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificate:
    """A certificate whose private key the client has.

    Attributes:
        der: As it is encoded.
        verified: Whether whoever ended TLS verified its chain: what it says of its owner counts then.
    """

    der: bytes = field(repr=False)
    verified: bool

    @property
    def thumbprint(self) -> str:
        """``x5t#S256`` (RFC 8705, 3.1)."""
        return base64url.encode(hashlib.sha256(self.der).digest()).decode("ascii")


def of_server(scope: Mapping[str, Any]) -> ClientCertificate | None:
    """The certificate that the server itself took, or None (ASGI, TLS extension).

    Args:
        scope: Of ASGI.

    Raises:
        OAuthError: ``invalid_request``: what the server gives is no certificate.
    """
    tls = (scope.get("extensions") or {}).get("tls") or {}
    chain = list(tls.get("client_cert_chain") or ())
    if not chain:
        return None
    return made(of_pem(chain[0]), verified=not tls.get("client_cert_error"))


def made(der: bytes, *, verified: bool) -> ClientCertificate:
    """The certificate that bytes are.

    Raises:
        OAuthError: ``invalid_request``: they are none.
    """
    try:
        if len(der) > LONGEST:
            raise ValueError("too long")
        _read(der)
    except ValueError as error:
        raise malformed() from error
    return ClientCertificate(der=der, verified=verified)


def of_pem(text: object) -> bytes:
    """The bytes of one certificate in PEM.

    Raises:
        OAuthError: ``invalid_request``: it is none, or not one alone.
    """
    found = _PEM.fullmatch(text) if isinstance(text, str) and len(text) <= LONGEST else None
    if found is None:
        raise malformed()
    return of_base64(_SPACES.sub("", found[1]))


def of_base64(text: str) -> bytes:
    """Bytes of base64 (RFC 4648, 4).

    Raises:
        OAuthError: ``invalid_request``: it is none.
    """
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise malformed() from error


def is_subject(certificate: ClientCertificate, kind: SubjectKind, expected: str) -> bool:
    """Whether a certificate is that of a client, for ``tls_client_auth`` (RFC 8705, 2.1).

    Names in it that hold a wildcard stand for nothing but themselves.

    Args:
        certificate: That came; one whose chain nobody verified is nobody's.
        kind: What it is known by.
        expected: As it was registered.

    Raises:
        GuardError: What was registered is none of that kind.
    """
    wanted = canonical(kind, expected)
    if not certificate.verified:
        return False
    try:
        return wanted in _names(_read(certificate.der), kind)
    except ValueError:
        # An extension that cannot be read: whom the certificate names is not known.
        return False


def has_key(certificate: ClientCertificate, registered: Iterable[SigningKey]) -> bool:
    """Whether a certificate has one of a client's keys, for ``self_signed_tls_client_auth`` (RFC 8705, 2.2).

    Args:
        certificate: That came, verified or not.
        registered: The keys in the client's ``jwks``.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        public = _read(certificate.der).public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        shown = thumbprint(SigningKey.from_pem(pem))
    except (ValueError, UnsupportedAlgorithm, GuardError):
        return False
    return any(key.kind != "oct" and thumbprint(key) == shown for key in registered)


def canonical(kind: SubjectKind, text: str) -> Any:
    """What a client registered to be known by, in the one form in which it is compared.

    Raises:
        GuardError: It is none of that kind.
    """
    hint = "tls_client_auth_subject_dn='CN=shop,O=Example', or one tls_client_auth_san_..."
    if not isinstance(text, str) or not 0 < len(text) <= 1_000:
        raise GuardError(f"{kind} is a text", hint=hint)
    if kind == "subject_dn":
        from cryptography import x509

        further = {name: x509.ObjectIdentifier(oid) for name, oid in _FURTHER.items()}
        try:
            return _rdns(x509.Name.from_rfc4514_string(text, further))
        except (ValueError, KeyError) as error:
            raise GuardError(f"{text!r} is no name as RFC 4514 writes it", hint=hint) from error
    if kind == "san_ip":
        try:
            return ipaddress.ip_address(text)
        except ValueError as error:
            raise GuardError(f"{text!r} is no address", hint=hint) from error
    if kind not in ("san_dns", "san_uri", "san_email"):
        raise GuardError(f"{str(kind)[:40]!r} is nothing that a client is known by", hint=hint)
    return _canonical_text(kind, text)


def check_subject(kind: str, text: str) -> None:
    """Look whether a certificate can have what a client wants to be known by (RFC 8705, 2.1.2).

    Raises:
        GuardError: None can.
    """
    canonical(kind, text)  # type: ignore[arg-type]
    form = _FORMS.get(kind)
    if form is not None and not form.fullmatch(text):
        raise GuardError(
            f"{text!r:.100} is no {kind} of a certificate",
            hint="tls_client_auth_san_dns='client.example', "
            "..._san_uri='https://client.example/id', ..._san_email='client@mail.example'",
        )


def malformed() -> OAuthError:
    """The error of what should be a certificate and is none."""
    return OAuthError(
        "invalid_request", "the client certificate cannot be read", reason="certificate"
    )


def _read(der: bytes) -> x509.Certificate:
    from cryptography import x509

    return x509.load_der_x509_certificate(der)


def _names(certificate: x509.Certificate, kind: SubjectKind) -> list[Any]:
    """What a certificate says of its owner, in the form of :func:`canonical`.

    Raises:
        ValueError: It cannot be read.
    """
    from cryptography import x509

    if kind == "subject_dn":
        return [_rdns(certificate.subject)]
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    if kind == "san_ip":
        return list(names.get_values_for_type(x509.IPAddress))
    kinds: dict[str, Any] = {
        "san_dns": x509.DNSName,
        "san_uri": x509.UniformResourceIdentifier,
        "san_email": x509.RFC822Name,
    }
    return [_canonical_text(kind, one) for one in names.get_values_for_type(kinds[kind])]


def _rdns(name: x509.Name) -> tuple[frozenset[tuple[str, str]], ...]:
    """A name part by part, case and spaces as RFC 4517, 4.2.11 has them; beyond ASCII to the letter."""
    return tuple(
        frozenset(
            (one.oid.dotted_string, " ".join(str(one.value).split()).translate(_CAPITALS))
            for one in rdn
        )
        for rdn in name.rdns
    )


def _canonical_text(kind: SubjectKind, text: str) -> str:
    """A name of DNS without case, of mail with the case of what is before the ``@`` (RFC 5280, 7.2 and 7.5)."""
    if kind == "san_dns":
        return text.translate(_CAPITALS)
    if kind == "san_email":
        local, at, domain = text.rpartition("@")
        return local + at + domain.translate(_CAPITALS)
    return text

"""The client's certificate, as the proxy that ended TLS passes it on.

Threat: a header that the client wrote itself: whoever can send one has every certificate there is (CWE-290, CWE-348;
RFC 8705, 6.5; RFC 9440, 4). One header of stated form counts, from stated proxies alone; nothing is
tried in turn. The proxy has to take the header off what comes from outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, get_args
from urllib.parse import unquote

from buckler.guard.auth.oauth import certificate as certificates
from buckler.guard.auth.oauth.certificate import LONGEST, ClientCertificate, malformed
from buckler.guard.limits.proxies import Proxies
from buckler.guard.options import GuardError, flag

ProxyForm = Literal["nginx", "envoy", "haproxy", "traefik", "rfc9440"]
"""How the header is written: escaped PEM (``$ssl_client_escaped_cert``), ``x-forwarded-client-cert`` with ``Cert``, base64
of DER (``%[ssl_c_der,base64]``), the same with the chain behind it, ``Client-Cert`` (RFC 9440)."""
_NAME: Final = re.compile(r"[A-Za-z0-9-]+")
_PAIR: Final = re.compile(r'([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;]*))(;|,|$)')


class CertificateHeader:
    """Reads one header of trusted proxies.

    Args:
        name: Of the header.
        form: How it is written.
        proxies: Addresses and networks of the proxies; ``unix`` for a Unix socket.
        verified: Whether the proxy lets no certificate pass whose chain it did not verify, so that a client can
            be known by the name in it (``tls_client_auth``).

    Raises:
        GuardError: An option is none.
    """

    __slots__ = ("_form", "_name", "_proxies", "_verified")

    def __init__(
        self, name: str, form: ProxyForm, proxies: Iterable[str], *, verified: bool = False
    ) -> None:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise GuardError(
                "name: a header's name has letters, digits and hyphens",
                hint="write CertificateHeader('X-Client-Cert', 'nginx', ['10.0.0.7'])",
            )
        if form not in get_args(ProxyForm):
            raise GuardError(f"form: {form!r} is none", hint=f"of {', '.join(get_args(ProxyForm))}")
        self._name = name.lower().encode("ascii")
        self._form: ProxyForm = form
        self._proxies = Proxies(proxies)
        self._verified = flag(verified, "verified")

    def read(self, scope: Mapping[str, Any]) -> ClientCertificate | None:
        """The certificate that a proxy passed on; None where the peer is none, or sent none.

        Args:
            scope: Of ASGI, its ``client`` as the server saw it: not the address that a proxy forwarded.

        Raises:
            OAuthError: ``invalid_request``: the header came twice, or holds no certificate.
        """
        peer = scope.get("client")
        if not self._proxies.trusts(peer[0] if peer else ""):
            return None
        found = [value for name, value in scope["headers"] if name == self._name]
        if len(found) > 1 or (found and len(found[0]) > LONGEST):
            raise malformed()
        text = found[0].decode("latin-1").strip() if found else ""
        if not text:
            return None
        der = _of(text, self._form)
        return None if der is None else certificates.made(der, verified=self._verified)


def _of(text: str, form: ProxyForm) -> bytes | None:
    """The bytes of the certificate; None where the header says that there is none."""
    if form == "nginx":
        return certificates.of_pem(unquote(text, encoding="latin-1"))
    if form == "envoy":
        stated = _cert_of(text)
        return None if stated is None else certificates.of_pem(unquote(stated, encoding="latin-1"))
    if form == "traefik":
        return certificates.of_base64(text.partition(",")[0])
    if form == "rfc9440":
        if not (text[0] == text[-1] == ":"):
            raise malformed()
        text = text[1:-1]
    return certificates.of_base64(text)


def _cert_of(text: str) -> str | None:
    """``Cert`` of Envoy's header: of one element alone, since the first of several may be the client's own.

    Raises:
        OAuthError: ``invalid_request``: it is malformed, has several elements, or ``Cert`` twice.
    """
    found: list[str] = []
    at = 0
    while at < len(text):
        pair = _PAIR.match(text, at)
        if pair is None or pair[4] == ",":
            raise malformed()
        if pair[1].lower() == "cert":
            found.append(pair[3] if pair[2] is None else re.sub(r"\\(.)", r"\1", pair[2]))
        at = pair.end()
    if len(found) > 1:
        raise malformed()
    return found[0] if found else None

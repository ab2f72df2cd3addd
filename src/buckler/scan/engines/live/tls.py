"""What the TLS of a site is like: versions, cipher, the end of its certificate."""

from __future__ import annotations

import asyncio
import ssl
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime

from buckler.scan.engines.interface import TlsSeen
from buckler.scan.engines.live.site import Site

OLD = (("TLSv1", ssl.TLSVersion.TLSv1), ("TLSv1.1", ssl.TLSVersion.TLSv1_1))


def look(site: Site, seconds: float, *, verify: bool = True) -> TlsSeen | None:
    """Shake hands with a site, with a client of today and with two of long ago.

    Args:
        site: With the scheme ``https``.
        seconds: For each handshake.
        verify: Whether its certificate has to be valid.

    Returns:
        What was seen; None where no handshake came to its end.
    """
    return asyncio.run(_look(site, seconds, verify))


async def _look(site: Site, seconds: float, verify: bool) -> TlsSeen | None:
    today = ssl.create_default_context()
    if not verify:
        today.check_hostname = False
        today.verify_mode = ssl.CERT_NONE
    found = await _shake(site, today, seconds)
    if found is None:
        return None
    version, cipher, certificate = found
    old = [name for name, number in OLD if await _shake(site, _of_old(number), seconds)]
    return TlsSeen(version, cipher, end_of(certificate), time.time(), tuple(old))


def _of_old(version: ssl.TLSVersion) -> ssl.SSLContext:
    """A client that speaks one version alone; what it is shown does not matter."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.maximum_version = version
        context.minimum_version = version
    return context


async def _shake(
    site: Site, context: ssl.SSLContext, seconds: float
) -> tuple[str, str, bytes] | None:
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(
                site.address or site.host, site.port, ssl=context, server_hostname=site.host
            )
            try:
                made: ssl.SSLObject = writer.get_extra_info("ssl_object")
                cipher = made.cipher()
                certificate = made.getpeercert(binary_form=True) or b""
                return made.version() or "", cipher[0] if cipher else "", certificate
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError):
        return None


def end_of(certificate: bytes) -> float | None:
    """When a certificate ends, in seconds since the epoch; None where it cannot be read.

    Python reads the fields of a checked certificate only, and one that ended is not taken where it is checked.

    Args:
        certificate: In DER (RFC 5280, 4.1).
    """
    try:
        signed = next(_values(next(_values(certificate))[1]))[1]
        fields = [value for tag, value in _values(signed) if tag != _VERSION]
        tag, text = list(_values(fields[3]))[1]
        return _time(tag, text.decode("ascii"))
    except (StopIteration, IndexError, ValueError):
        return None


_VERSION = 0xA0
_UTC_TIME = 0x17


def _values(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each value of a sequence (X.690, 8.1)."""
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length >= 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size]), at + size
        yield tag, data[at : at + length]
        at += length


def _time(tag: int, text: str) -> float:
    """A time of a certificate (RFC 5280, 4.1.2.5): years of two digits are from 1950 to 2049."""
    if tag == _UTC_TIME:
        text = ("19" if text >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()

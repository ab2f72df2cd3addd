"""What the TLS of a site is like: versions, cipher, the end of its certificate."""

from __future__ import annotations

import asyncio
import ssl
import time
import warnings
from typing import Any

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
    end = certificate.get("notAfter")
    ends = float(ssl.cert_time_to_seconds(end)) if isinstance(end, str) else None
    return TlsSeen(version, cipher, ends, time.time(), tuple(old))


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
) -> tuple[str, str, dict[str, Any]] | None:
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(
                site.address or site.host, site.port, ssl=context, server_hostname=site.host
            )
            try:
                made: ssl.SSLObject = writer.get_extra_info("ssl_object")
                cipher = made.cipher()
                return made.version() or "", cipher[0] if cipher else "", made.getpeercert() or {}
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError):
        return None

"""What a running site shows beside its answers: the material of rules about TLS and files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from buckler.scan.engines.interface import Exchange


@dataclass(frozen=True, slots=True)
class TlsSeen:
    """What a handshake showed.

    Attributes:
        version: Negotiated with a client of today: ``TLSv1.3``.
        cipher: Its name in OpenSSL.
        ends: When the certificate ends, seconds since the epoch; None where it is not known.
        now: When that was looked at.
        old: Versions that are broken and were negotiated all the same (RFC 8996).
    """

    version: str
    cipher: str
    ends: float | None
    now: float
    old: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExposedFile:
    """A file that is no part of a site, told by its content.

    Attributes:
        what: For people: ``the settings of the environment``.
        exchange: With as much of the content as may stand in a report.
    """

    path: str
    what: str
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class SiteSeen:
    """What a running site shows beside the answers of its operations.

    Attributes:
        tls: None where it has none.
        plain: The answer to a request without TLS; None where nothing answers.
        exposed: Files that lie about.
    """

    tls: TlsSeen | None = None
    plain: Exchange | None = None
    exposed: tuple[ExposedFile, ...] = ()

"""The address of a site, and how much it may be asked."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from buckler.core.errors import UsageError

PORTS = {"http": 80, "https": 443}
_URL = re.compile(r"https?://", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\.?")
KEPT = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"<>\\^`{|}')
"""Characters of an address that a browser sends as they are; the others are percent-encoded (RFC 3986, 2.1)."""
HINT = "for example: buckler scan https://shop.example/"


@dataclass(frozen=True, slots=True)
class Site:
    """One scheme, host and port: everything else is somebody else's.

    Attributes:
        scheme: ``http`` or ``https``.
        host: In lower case, as ASCII; an IPv6 address without its brackets.
        path: Where the user said to begin.
        address: Where connections are made instead of looking the host up; empty for a look-up.
    """

    scheme: str
    host: str
    port: int
    path: str = "/"
    address: str = ""

    @property
    def netloc(self) -> str:
        """Host and port as the Host header has them (RFC 9110, 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """``https://shop.example`` (RFC 6454)."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def url(self) -> str:
        """Where the user said to begin."""
        return self.origin + self.path

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine, by the address alone: a name may lead anywhere tomorrow."""
        if self.address:
            return ipaddress.ip_address(self.address).is_loopback
        name = self.host.removesuffix(".")
        if name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def path_of(self, url: str) -> str | None:
        """Path and query of an absolute address of this site; None for any other one."""
        try:
            parts = urlsplit(url)
            port = parts.port or PORTS.get(parts.scheme)
            host = as_ascii(parts.hostname or "")
        except ValueError:
            return None
        if (parts.scheme, host, port) != (self.scheme, self.host, self.port):
            return None
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a site is asked, and what is allowed.

    Attributes:
        requests: In all.
        rate: In a second.
        at_once: Under way together.
        seconds: For one request, from connecting to the last byte.
        total: Seconds for everything.
        size: Bytes of one answer; what is longer is cut.
        permitted: Whether the user said that this site may be tested.
        writes: Whether requests may be sent that change what the site holds.
        verify: Whether the certificate is checked.
    """

    requests: int = 300
    rate: float = 20.0
    at_once: int = 4
    seconds: float = 5.0
    total: float = 300.0
    size: int = 2_000_000
    permitted: bool = False
    writes: bool = False
    verify: bool = True


def is_url(target: str) -> bool:
    """Whether a target is the address of a site."""
    return _URL.match(target) is not None


def parse(text: str, address: str = "") -> Site:
    """The site that an address means.

    Args:
        text: As typed.
        address: IP address to connect to, if not one of the host's.

    Raises:
        UsageError: It is no address of a site. The message repeats no password.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
        name = as_ascii(parts.hostname or "")
    except ValueError as error:
        raise UsageError("the address of the site cannot be read", hint=HINT) from error
    if parts.username or parts.password:
        raise UsageError(
            "the address of a site holds no user and password",
            hint="who signs in is told by --identity or --identities",
        )
    if not (_HOST.fullmatch(name) or _is_address(name)) or port == 0:
        raise UsageError("the address of the site names no host", hint=HINT)
    if address and not _is_address(address):
        raise UsageError("what is connected to is an IP address", hint="--connect-to 192.0.2.7")
    path = quote(parts.path, safe=KEPT) or "/"
    return Site(parts.scheme.lower(), name, port or PORTS[parts.scheme.lower()], path, address)


def as_ascii(host: str) -> str:
    """A host name as it is looked up, in lower case (UTS 46, RFC 5891).

    Args:
        host: As it is written.

    Raises:
        UsageError: The library that it needs is not there.
        ValueError: It is no name.
    """
    if host.isascii():
        return host.lower()
    try:
        import idna  # only for such names
    except ImportError as error:
        raise UsageError(
            "a name that is not in ASCII needs idna", hint="pip install 'buckler[http]'"
        ) from error
    return idna.encode(host, uts46=True, std3_rules=True).decode("ascii").lower()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True

"""How messages of syslog travel: UDP (RFC 5426), TCP (RFC 6587, octet counting), TLS (RFC 5425), or a local socket.

Threat: a value that ends a message and begins a forged one (CWE-117), or that leaves its place in the structured data (RFC
5424, 6.3.3); a log that travels readable (CWE-319).
"""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from buckler.notify.dial import Resolve, dial
from buckler.notify.interface import NotifyError

PORTS: Final = {"udp": 514, "tcp": 601, "tls": 6514}
BOM: Final = "\ufeff"
_NOT_NAME = re.compile(r'[^!-~]|[="\]]')


class Wire:
    """A way to a receiver, opened when it is first needed, and anew after it broke.

    Args:
        address: ``unix:///dev/log``, ``udp://host:514``, ``tcp://host:601`` or ``tls://host:6514``.
        timeout: Seconds for each step on the socket.
        context: For TLS; the default one verifies the name and the chain.
        resolve: Gives the addresses that may be called; else the system's resolver.

    Attributes:
        kind: ``unix``, ``udp``, ``tcp`` or ``tls``.
        host: Or the path of a socket.
        port: 0 for a local socket.

    Raises:
        NotifyError: It is no address.
    """

    def __init__(
        self,
        address: str,
        *,
        timeout: float = 5,
        context: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        self.kind, self.host, self.port = _address(address)
        self._timeout = timeout
        self._context = context
        self._resolve = resolve
        self._socket: socket.socket | None = None
        self._process = 0

    @property
    def shown(self) -> str:
        """For logs."""
        return f"{self.kind}://{self.host}" + (f":{self.port}" if self.port else "")

    def open(self) -> None:
        """A socket of another process is left to it."""
        if self._process != os.getpid():
            self.close()
            self._process = os.getpid()

    def send(self, messages: Sequence[bytes]) -> None:
        """Send them all.

        Raises:
            OSError: The receiver is gone.
        """
        self.open()
        used = self._connected()
        try:
            if used.type == socket.SOCK_DGRAM:
                for message in messages:
                    used.send(message)
            elif self.kind == "unix":
                # RFC 6587, 3.4.2, as local daemons read it; no message holds a line feed.
                used.sendall(b"".join(m + b"\n" for m in messages))
            else:
                # RFC 6587, 3.4.1: the length in octets, a space, the message.
                used.sendall(b"".join(b"%d %s" % (len(m), m) for m in messages))
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        if self._socket is not None and _ended(self._socket):
            self.close()
        if self._socket is None:
            self._socket = self._unix() if self.kind == "unix" else self._internet()
        return self._socket

    def _unix(self) -> socket.socket:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            used = socket.socket(socket.AF_UNIX, kind)
            used.settimeout(self._timeout)
            try:
                used.connect(self.host)
            except OSError as error:
                used.close()
                if kind == socket.SOCK_STREAM or error.errno != errno.EPROTOTYPE:
                    raise
            else:
                return used
        raise OSError("no kind of socket fits")

    def _internet(self) -> socket.socket:
        if self.kind == "udp":
            judged = self._resolve(self.host, self.port)[0] if self._resolve else self.host
            family, kind, protocol, _, where = socket.getaddrinfo(
                judged, self.port, type=socket.SOCK_DGRAM
            )[0]
            used = socket.socket(family, kind, protocol)
            used.settimeout(self._timeout)
            used.connect(where)
            return used
        plain = dial(self.host, self.port, self._timeout, self._resolve)
        if self.kind == "tcp":
            return plain
        context = self._context or ssl.create_default_context()
        try:
            return context.wrap_socket(plain, server_hostname=self.host)
        except OSError:
            plain.close()
            raise


def escape(value: str) -> str:
    """A PARAM-VALUE, its quotes, backslashes and closing brackets escaped: RFC 5424, 6.3.3."""
    shown = pictures(value)
    return shown.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def pictures(text: str) -> str:
    """Control characters as their pictures (U+2400), which a terminal shows and nothing obeys."""
    return "".join(
        chr(0x2400 + ord(c)) if c < " " else "\u2421" if c == "\x7f" else c for c in text
    )


def name_of(text: str, most: int) -> str:
    """PRINTUSASCII without what ends an SD-NAME; ``-``, the NILVALUE, where nothing is left."""
    return _NOT_NAME.sub("_", text)[:most] or "-"


def _ended(used: socket.socket) -> bool:
    """Whether the other side closed a stream: a write would be taken and lost."""
    if used.type == socket.SOCK_DGRAM:
        return False
    timeout = used.gettimeout()
    used.setblocking(False)
    try:
        # A receiver of syslog says nothing; what TLS says for itself wants more to be read.
        return not used.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
    finally:
        used.settimeout(timeout)


def _address(address: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(address)
        port = parts.port
    except (ValueError, AttributeError) as error:
        raise NotifyError(f"{address!r} is no address of syslog") from error
    if parts.scheme == "unix" and parts.path and not parts.netloc:
        return "unix", parts.path, 0
    if parts.scheme in PORTS and parts.hostname and not parts.path.strip("/"):
        return parts.scheme, parts.hostname, port or PORTS[parts.scheme]
    raise NotifyError(
        f"{address!r} is no address of syslog",
        hint="unix:///dev/log, udp://host:514, tcp://host:601 or tls://host:6514",
    )

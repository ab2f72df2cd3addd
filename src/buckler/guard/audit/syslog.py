"""Syslog: RFC 5424 messages over UDP (RFC 5426), TCP (RFC 6587, octet counting), TLS (RFC 5425) or a socket.

Threat: a value that ends a message and begins a forged one (CWE-117), or that leaves its place in the
structured data (RFC 5424, 6.3.3); a log that travels readable (CWE-319).
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

from buckler.guard.audit.events import Severity
from buckler.guard.audit.record import AuditRecord, stamp
from buckler.guard.audit.shapes import Shape, ShapeName, line, shape_of
from buckler.guard.options import GuardError, count, positive

SEVERITY: Final = {
    Severity.ALERT: 1,
    Severity.ERROR: 3,
    Severity.WARNING: 4,
    Severity.NOTICE: 5,
    Severity.INFO: 6,
}
"""RFC 5424, 6.2.1, table 2."""
AUTHPRIV, LOG_AUDIT = 10, 13
"""Facilities: RFC 5424, 6.2.1, table 1."""
PORTS: Final = {"udp": 514, "tcp": 601, "tls": 6514}
BOM: Final = "\ufeff"
_NOT_NAME = re.compile(r'[^!-~]|[="\]]')


class SyslogSink:
    """Sends one message for each record.

    Args:
        address: ``unix:///dev/log``, ``udp://host:514``, ``tcp://host:601`` or ``tls://host:6514``.
        facility: 10 (security, private) or 13 (log audit); any of 0 to 23.
        application: APP-NAME, at most 48 characters.
        hostname: Else what the system says.
        enterprise: Private enterprise number for the structured data's name; 32473 is the one that RFC
            5612 keeps for examples.
        shape: What the text of the message is: None for a sentence, or a shape as JSON.
        most: Bytes of a message; RFC 5424, 6.1 wants receivers to take 2048.
        timeout: Seconds for each step on the socket.
        context: For TLS; the default one verifies the name and the chain.

    Raises:
        GuardError: An option is wrong.
    """

    def __init__(
        self,
        address: str = "unix:///dev/log",
        *,
        facility: int = AUTHPRIV,
        application: str = "buckler",
        hostname: str = "",
        enterprise: int = 32473,
        shape: ShapeName | Shape | None = None,
        most: int = 2048,
        timeout: float = 5,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._kind, self._host, self._port = _address(address)
        if isinstance(facility, bool) or not isinstance(facility, int) or not 0 <= facility <= 23:
            raise GuardError(f"facility must be 0 to 23, not {facility!r}")
        self._facility = facility
        self._application = _name(application, 48)
        self._hostname = _name(hostname or socket.gethostname(), 255)
        self._id = f"buckler@{count(enterprise, 'enterprise')}"
        self._shape = None if shape is None else shape_of(shape)
        self._most = count(most, "most")
        if most < 480:
            raise GuardError("most must be 480 or more", hint="RFC 5424, 6.1")
        self._timeout = positive(timeout, "timeout")
        self._context = context
        self._socket: socket.socket | None = None
        self._counted = False
        self._process = 0

    @property
    def name(self) -> str:
        """``syslog`` and where."""
        return f"syslog {self._kind}://{self._host}" + (f":{self._port}" if self._port else "")

    def open(self) -> None:
        """A socket of another process is left to it."""
        if self._process != os.getpid():
            self.close()
            self._process = os.getpid()

    def write(self, records: Sequence[AuditRecord]) -> None:
        """Send them all.

        Raises:
            OSError: The receiver is gone.
        """
        self.open()
        messages = [self.message(record) for record in records]
        used = self._connected()
        try:
            if used.type == socket.SOCK_DGRAM:
                for message in messages:
                    used.send(message)
            elif self._counted:
                # RFC 6587, 3.4.1: the length in octets, a space, the message.
                used.sendall(b"".join(b"%d %s" % (len(m), m) for m in messages))
            else:
                # RFC 6587, 3.4.2, as local daemons read it; no message holds a line feed.
                used.sendall(b"".join(m + b"\n" for m in messages))
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def message(self, record: AuditRecord) -> bytes:
        """One message: RFC 5424, 6. The structured data is whole; the text is cut where it is too long."""
        event = record.event
        priority = self._facility * 8 + SEVERITY[event.severity or Severity.INFO]
        head = (
            f"<{priority}>1 {stamp(event.time)} {self._hostname} {self._application} "
            f"{os.getpid()} {_name(str(event.kind), 32)} "
        )
        named = {
            "severity": event.severity,
            "reason": event.reason,
            "requestId": event.request_id,
            "method": event.method,
            "route": event.route,
            "client": event.client,
            "principal": event.principal,
            "status": event.status,
            "dropped": record.dropped,
        }
        # Details have a prefix, so that none passes for a field of the event.
        details = {f"d.{key}": value for key, value in event.detail.items()}
        room = self._most - len(head.encode()) - len(self._id) - 2
        data = f"[{self._id}"
        for key, value in {**{k: v for k, v in named.items() if v}, **details}.items():
            parameter = f' {_name(key, 32)}="{escape(str(value))}"'
            room -= len(parameter.encode("utf-8", "replace"))
            if room < 0:
                break
            data += parameter
        text = line(self._shape, record) if self._shape else event.message or str(event.kind)
        whole = f"{head}{data}]".encode("utf-8", "replace")
        if self._most - len(whole) > len(f" {BOM}".encode()):
            whole += f" {BOM}{_pictures(text)}".encode("utf-8", "replace")
        # Cut between characters.
        return whole[: self._most].decode("utf-8", "ignore").encode()

    def _connected(self) -> socket.socket:
        if self._socket is not None and _ended(self._socket):
            self.close()
        if self._socket is None:
            self._socket = self._unix() if self._kind == "unix" else self._internet()
        return self._socket

    def _unix(self) -> socket.socket:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            used = socket.socket(socket.AF_UNIX, kind)
            used.settimeout(self._timeout)
            try:
                used.connect(self._host)
            except OSError as error:
                used.close()
                if kind == socket.SOCK_STREAM or error.errno != errno.EPROTOTYPE:
                    raise
            else:
                return used
        raise OSError("no kind of socket fits")

    def _internet(self) -> socket.socket:
        if self._kind == "udp":
            family, kind, protocol, _, where = socket.getaddrinfo(
                self._host, self._port, type=socket.SOCK_DGRAM
            )[0]
            used = socket.socket(family, kind, protocol)
            used.settimeout(self._timeout)
            used.connect(where)
            return used
        self._counted = True
        plain = socket.create_connection((self._host, self._port), self._timeout)
        if self._kind == "tcp":
            return plain
        context = self._context or ssl.create_default_context()
        try:
            return context.wrap_socket(plain, server_hostname=self._host)
        except OSError:
            plain.close()
            raise


def escape(value: str) -> str:
    """A PARAM-VALUE, its quotes, backslashes and closing brackets escaped: RFC 5424, 6.3.3."""
    shown = _pictures(value)
    return shown.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def _pictures(text: str) -> str:
    """Control characters as their pictures (U+2400), which a terminal shows and nothing obeys."""
    return "".join(
        chr(0x2400 + ord(c)) if c < " " else "\u2421" if c == "\x7f" else c for c in text
    )


def _name(text: str, most: int) -> str:
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
        raise GuardError(f"{address!r} is no address of syslog") from error
    if parts.scheme == "unix" and parts.path and not parts.netloc:
        return "unix", parts.path, 0
    if parts.scheme in PORTS and parts.hostname and not parts.path.strip("/"):
        return parts.scheme, parts.hostname, port or PORTS[parts.scheme]
    raise GuardError(
        f"{address!r} is no address of syslog",
        hint="unix:///dev/log, udp://host:514, tcp://host:601 or tls://host:6514",
    )

"""Syslog: RFC 5424 messages over UDP (RFC 5426), TCP (RFC 6587, octet counting), TLS (RFC 5425) or a socket.

Threat: a value that ends a message and begins a forged one (CWE-117), or that leaves its place in the
structured data (RFC 5424, 6.3.3); a log that travels readable (CWE-319).
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Sequence
from typing import Final

from buckler.guard.audit.events import Severity
from buckler.guard.audit.record import AuditRecord, stamp
from buckler.guard.audit.shapes import Shape, ShapeName, line, shape_of
from buckler.guard.options import GuardError, count, positive
from buckler.notify.interface import NotifyError
from buckler.notify.syslog_wire import BOM, Wire, escape, name_of, pictures

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
        if isinstance(facility, bool) or not isinstance(facility, int) or not 0 <= facility <= 23:
            raise GuardError(f"facility must be 0 to 23, not {facility!r}")
        self._facility = facility
        self._application = name_of(application, 48)
        self._hostname = name_of(hostname or socket.gethostname(), 255)
        self._id = f"buckler@{count(enterprise, 'enterprise')}"
        self._shape = None if shape is None else shape_of(shape)
        self._most = count(most, "most")
        if most < 480:
            raise GuardError("most must be 480 or more", hint="RFC 5424, 6.1")
        try:
            self._wire = Wire(address, timeout=positive(timeout, "timeout"), context=context)
        except NotifyError as error:
            raise GuardError(error.message, hint=error.hint) from error

    @property
    def name(self) -> str:
        """``syslog`` and where."""
        return f"syslog {self._wire.shown}"

    def open(self) -> None:
        """A socket of another process is left to it."""
        self._wire.open()

    def write(self, records: Sequence[AuditRecord]) -> None:
        """Send them all.

        Raises:
            OSError: The receiver is gone.
        """
        self._wire.send([self.message(record) for record in records])

    def close(self) -> None:
        """Let go of the socket."""
        self._wire.close()

    def message(self, record: AuditRecord) -> bytes:
        """One message: RFC 5424, 6. The structured data is whole; the text is cut where it is too long."""
        event = record.event
        priority = self._facility * 8 + SEVERITY[event.severity or Severity.INFO]
        head = (
            f"<{priority}>1 {stamp(event.time)} {self._hostname} {self._application} "
            f"{os.getpid()} {name_of(str(event.kind), 32)} "
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
            parameter = f' {name_of(key, 32)}="{escape(str(value))}"'
            room -= len(parameter.encode("utf-8", "replace"))
            if room < 0:
                break
            data += parameter
        text = line(self._shape, record) if self._shape else event.message or str(event.kind)
        whole = f"{head}{data}]".encode("utf-8", "replace")
        if self._most - len(whole) > len(f" {BOM}".encode()):
            whole += f" {BOM}{pictures(text)}".encode("utf-8", "replace")
        # Cut between characters.
        return whole[: self._most].decode("utf-8", "ignore").encode()

"""Notifications as messages of syslog (RFC 5424)."""

from __future__ import annotations

import os
import socket
import ssl
import time
from typing import Final

from buckler.notify.dial import Resolve
from buckler.notify.interface import DeliveryError, Notification, NotifyError
from buckler.notify.lines import one_line
from buckler.notify.syslog_wire import BOM, Wire, escape, name_of, pictures

SEVERITY: Final = {"alert": 1, "error": 3, "warning": 4, "notice": 5, "info": 6}
"""RFC 5424, 6.2.1, table 2."""
LOG_AUDIT: Final = 13
LEAST: Final = 480
"""Bytes that every receiver takes (RFC 5424, 6.1)."""


class Syslog:
    """Sends a notification as one message, over a connection of its own.

    Over UDP and a local socket nobody says whether it arrived; over TCP and TLS a receiver that is gone is noticed.

    Args:
        address: ``udp://host:514``, ``tcp://host:601``, ``tls://host:6514`` or ``unix:///dev/log``.
        facility: 13 (log audit); any of 0 to 23.
        application: APP-NAME, at most 48 characters.
        hostname: Else what the system says.
        enterprise: Private enterprise number for the structured data's name; 32473 is the one for examples (RFC 5612).
        most: Bytes of a message.
        timeout: Seconds for each step.
        context: For TLS; the default verifies name and chain.
        resolve: Gives the addresses that may be called; else the system's resolver.

    Raises:
        NotifyError: An option is wrong.
    """

    def __init__(
        self,
        address: str,
        *,
        facility: int = LOG_AUDIT,
        application: str = "buckler",
        hostname: str = "",
        enterprise: int = 32473,
        most: int = 2048,
        timeout: float = 10,
        context: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        for name, number, least, highest in (
            ("facility", facility, 0, 23),
            ("enterprise", enterprise, 1, 2**31),
            ("most", most, LEAST, 65_000),
        ):
            whole = isinstance(number, int) and not isinstance(number, bool)
            if not whole or not least <= number <= highest:
                raise NotifyError(f"{name} must be a whole number from {least} to {highest}")
        if not timeout > 0:
            raise NotifyError("timeout must be above zero")
        self._facility = facility
        self._application = name_of(application, 48)
        self._hostname = name_of(hostname or socket.gethostname(), 255)
        self._id = f"buckler@{enterprise}"
        self._most = most
        self._wire = Wire(address, timeout=timeout, context=context, resolve=resolve)

    @property
    def name(self) -> str:
        """``syslog`` and where."""
        return f"syslog {self._wire.shown}"

    def __repr__(self) -> str:
        return f"<Syslog {self._wire.shown}>"

    def send(self, notification: Notification) -> None:
        """Send it once.

        Raises:
            DeliveryError: The receiver is gone, or is not who it says.
        """
        try:
            self._wire.send([self.message(notification)])
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise DeliveryError(f"{self._wire.shown} did not take it: {why}") from None
        finally:
            self._wire.close()

    def message(self, notification: Notification) -> bytes:
        """The message; its structured data has the id, which is the same at every try."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(notification.time))
        head = (
            f"<{self._facility * 8 + SEVERITY[notification.level]}>1 {moment}Z {self._hostname} "
            f"{self._application} {os.getpid()} {name_of(notification.kind, 32)} "
        )
        room = self._most - len(head.encode()) - len(self._id) - 2
        data = f"[{self._id}"
        facts = {"id": notification.id, "level": notification.level}
        # Facts have a prefix, so that none passes for one of ours.
        facts |= {f"f.{key}": str(value) for key, value in notification.fields.items()}
        for key, value in facts.items():
            parameter = f' {name_of(key, 32)}="{escape(value)}"'
            room -= len(parameter.encode("utf-8", "replace"))
            if room < 0:
                break
            data += parameter
        told = ": ".join(part for part in (notification.title, notification.text) if part)
        whole = f"{head}{data}]".encode("utf-8", "replace")
        if self._most - len(whole) > len(f" {BOM}".encode()):
            whole += f" {BOM}{pictures(one_line(told, self._most))}".encode("utf-8", "replace")
        return whole[: self._most].decode("utf-8", "ignore").encode()

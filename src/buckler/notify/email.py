"""E-mail over SMTP with TLS.

Threat: a line break in a title that becomes a header or a second message (CWE-93), a password that
goes over a plain line (CWE-319), a server that is not the one it says (CWE-295). Source: RFC 5321,
RFC 3207 (STARTTLS), RFC 8314 (implicit TLS), RFC 3834 (Auto-Submitted).
"""

from __future__ import annotations

import email.policy
import smtplib
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

from buckler.notify.dial import Resolve, dial
from buckler.notify.interface import DeliveryError, Notification, NotifyError
from buckler.notify.lines import lines, one_line
from buckler.notify.post import is_loopback

PORTS = {"starttls": 587, "implicit": 465, "none": 25}
READY = 220
PERMANENT = 500


class Email:
    """Sends notifications as plain text.

    Args:
        host: Of the mail server.
        sender: Address in From and in the envelope.
        recipients: One address or several.
        port: Else what is usual for ``tls``.
        tls: ``starttls``, ``implicit`` from the first byte, or ``none``, which this machine's own
            addresses alone allow.
        username: To sign in with, if the server wants it.
        password: For that.
        timeout: Seconds for each step.
        context: For TLS, e.g. with a CA of your own; the default verifies name and chain.
        resolve: Gives the addresses that may be called; else the system's resolver.

    Raises:
        NotifyError: An address is none, or the mail would leave this machine without TLS.
    """

    def __init__(
        self,
        host: str,
        sender: str,
        recipients: str | Sequence[str],
        *,
        port: int | None = None,
        tls: Literal["starttls", "implicit", "none"] = "starttls",
        username: str = "",
        password: str = "",
        timeout: float = 10,
        context: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        if tls not in PORTS:
            raise NotifyError(f"tls must be one of {', '.join(PORTS)}")
        if tls == "none" and (not is_loopback(host) or username):
            raise NotifyError("mail and passwords go over TLS", hint="tls='starttls'")
        if not timeout > 0:
            raise NotifyError("timeout must be above zero")
        given = [recipients] if isinstance(recipients, str) else list(recipients)
        if not given:
            raise NotifyError("an e-mail needs a recipient")
        self._host = host
        self._port = port or PORTS[tls]
        self._tls = tls
        self._from = _address(sender)
        self._to = tuple(_address(recipient) for recipient in given)
        self._username = username
        self._password = password
        self._timeout = timeout
        self._context = context
        self._resolve = resolve

    @property
    def name(self) -> str:
        """``e-mail`` and the server."""
        return f"e-mail {self._host}:{self._port}"

    def __repr__(self) -> str:
        return f"<Email {self._host}:{self._port} to {len(self._to)}>"

    def message(self, notification: Notification) -> EmailMessage:
        """The mail itself; its Message-ID is the same at every try."""
        mail = EmailMessage(policy=email.policy.SMTP)
        mail["From"] = self._from
        mail["To"] = self._to
        mail["Subject"] = one_line(f"[{notification.level}] {notification.title}")
        mail["Date"] = format_datetime(datetime.fromtimestamp(notification.time, UTC))
        word = "".join(c for c in notification.id if c.isascii() and (c.isalnum() or c in "_-"))
        mail["Message-ID"] = f"<{word or int(time.time())}@{self._from.domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        facts = "\n".join(
            f"{one_line(key, 40)}: {one_line(value)}" for key, value in notification.fields.items()
        )
        parts = (one_line(notification.title), lines(notification.text), facts)
        mail.set_content("\n\n".join(part for part in parts if part) + "\n")
        return mail

    def send(self, notification: Notification) -> None:
        """Send it once.

        Raises:
            DeliveryError: The server took it for none of the recipients, or for some only.
        """
        try:
            refused = self._session(self.message(notification))
        except smtplib.SMTPResponseException as error:
            raise self._failed(f"answered {error.smtp_code}", error.smtp_code) from None
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise self._failed("refused every recipient", min(codes, default=0)) from None
        except ssl.SSLCertVerificationError as error:
            told = f"has a certificate that is not valid ({error.verify_message})"
            raise self._failed(told) from None
        except (OSError, smtplib.SMTPException, MessageError, UnicodeError) as error:
            raise self._failed(f"did not take it ({type(error).__name__})") from None
        if refused:
            raise self._failed(f"refused {len(refused)} of {len(self._to)}", PERMANENT)

    def _session(self, mail: EmailMessage) -> dict[str, tuple[int, bytes]]:
        context = self._context or ssl.create_default_context()
        # Else the library looks its own name up, which may take as long as a resolver likes.
        own = self._from.domain
        if self._tls == "implicit":
            server: smtplib.SMTP = _Implicit(own, self._timeout, context, self._resolve)
        else:
            server = _Plain(own, self._timeout, self._resolve)
        try:
            code, told = server.connect(self._host, self._port)
            if code != READY:
                raise smtplib.SMTPConnectError(code, told)
            if self._tls == "starttls":
                server.starttls(context=context)
            if self._username:
                server.login(self._username, self._password)
            return server.send_message(mail)
        finally:
            # The mail was taken or not; a server that goes without a word changes nothing.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

    def _failed(self, what: str, status: int = 0) -> DeliveryError:
        return DeliveryError(f"{self.name} {what}", retry=status < PERMANENT)


class _Plain(smtplib.SMTP):
    """Connects to the addresses that were judged."""

    def __init__(self, own: str, timeout: float, resolve: Resolve | None) -> None:
        super().__init__(local_hostname=own, timeout=timeout)
        self._dialled = resolve

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        self._host = host  # by which STARTTLS knows the server
        return dial(host, port, timeout, self._dialled)


class _Implicit(smtplib.SMTP_SSL):
    """The same with TLS from the beginning."""

    def __init__(
        self, own: str, timeout: float, context: ssl.SSLContext, resolve: Resolve | None
    ) -> None:
        super().__init__(local_hostname=own, timeout=timeout, context=context)
        self._dialled = resolve

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self.context.wrap_socket(
            dial(host, port, timeout, self._dialled), server_hostname=host
        )


def _address(text: str) -> Address:
    """An address as it stands in a header.

    Raises:
        NotifyError: It is none.
    """
    if not isinstance(text, str) or one_line(text, 320) != text:
        raise NotifyError("an e-mail address holds a line break or is too long")
    try:
        address = Address(addr_spec=text)
    except (ValueError, MessageError, IndexError) as error:
        raise NotifyError(f"{text!r} is no e-mail address") from error
    if not address.username or ("." not in address.domain and address.domain != "localhost"):
        raise NotifyError(f"{text!r} is no e-mail address", hint="name@example.org")
    return address

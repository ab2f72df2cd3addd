"""E-mail to a real server on loopback."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from buckler.notify import DeliveryError, Email, Notification, NotifyError
from tests.notify.servers import certificate, raw

NOTE = Notification(title="Angriff über ü", text="one\ntwo", fields={"key": "203.0.113.9"})


class Mailbox:
    def __init__(self, refused: str = "", answer: str = "250 OK") -> None:
        self.envelopes: list[Any] = []
        self.refused = refused
        self.answer = answer

    async def handle_RCPT(  # noqa: N802
        self, server: object, session: object, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address == self.refused:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: object, session: Any, envelope: Any) -> str:  # noqa: N802
        envelope.tls = session.ssl is not None
        self.envelopes.append(envelope)
        return self.answer

    def mail(self) -> EmailMessage:
        (envelope,) = self.envelopes
        found = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(found, EmailMessage)
        return found


class AnyPort(Controller):
    """The library connects to the port it was given, which is 0 here."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def server(box: Mailbox, **options: Any) -> Iterator[int]:
    controller = AnyPort(box, hostname="127.0.0.1", port=0, server_hostname="mx", **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@contextmanager
def plain(box: Mailbox) -> Iterator[Email]:
    with server(box) as port:
        yield Email(
            "127.0.0.1",
            "guard@example.org",
            ["a@example.org", "b@example.org"],
            port=port,
            tls="none",
        )


def test_a_mail_arrives() -> None:
    box = Mailbox()
    with plain(box) as channel:
        channel.send(NOTE)
    mail = box.mail()
    assert mail["Subject"] == "[warning] Angriff über ü"
    assert mail["From"] == "guard@example.org"
    assert mail["To"] == "a@example.org, b@example.org"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == f"<{NOTE.id}@example.org>"
    assert box.envelopes[0].rcpt_tos == ["a@example.org", "b@example.org"]
    body = mail.get_content().replace("\r\n", "\n")
    assert body == "Angriff über ü\n\none\ntwo\n\nkey: 203.0.113.9\n"


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x00", "\u2028", "\x0b"])
def test_no_header_and_no_second_mail_by_injection(end: str) -> None:
    box = Mailbox()
    evil = f"x{end}Bcc: victim@example.org{end}{end}.{end}MAIL FROM:<x@example.org>{end}"
    with plain(box) as channel:
        channel.send(Notification(title=evil, text=evil, fields={evil: evil}, id=evil))
    mail = box.mail()
    assert mail["Bcc"] is None
    assert sorted({name.lower() for name in mail}) == [
        "auto-submitted",
        "content-transfer-encoding",
        "content-type",
        "date",
        "from",
        "message-id",
        "mime-version",
        "subject",
        "to",
    ]
    assert box.envelopes[0].rcpt_tos == ["a@example.org", "b@example.org"]


@pytest.mark.parametrize(
    "address", ["", "no", "a@b@c", "a@example.org\r\nBcc: x@y.org", "a b@example.org", "<a@x.org>"]
)
def test_a_wrong_address_is_told_when_the_channel_is_made(address: str) -> None:
    with pytest.raises(NotifyError):
        Email("127.0.0.1", address, "b@example.org")
    with pytest.raises(NotifyError):
        Email("127.0.0.1", "b@example.org", [address])


def test_starttls_and_sign_in(tmp_path: Path) -> None:
    theirs, ours = certificate(tmp_path)
    seen: list[tuple[bytes, bytes]] = []

    def check(*args: Any) -> AuthResult:
        seen.append((args[4].login, args[4].password))
        return AuthResult(success=True)

    box = Mailbox()
    with server(
        box, tls_context=theirs, require_starttls=True, authenticator=check, auth_required=True
    ) as port:
        Email(
            "127.0.0.1",
            "guard@example.org",
            "a@example.org",
            port=port,
            username="guard",
            password="pw-S3CR3T",
            context=ours,
        ).send(NOTE)
    assert seen == [(b"guard", b"pw-S3CR3T")]
    assert box.envelopes[0].tls


def test_a_certificate_that_is_not_trusted_gets_no_password(tmp_path: Path) -> None:
    theirs, _ = certificate(tmp_path)
    box = Mailbox()
    with server(box, tls_context=theirs, require_starttls=True) as port:
        channel = Email(
            "127.0.0.1",
            "g@example.org",
            "a@example.org",
            port=port,
            username="g",
            password="S3CR3T",
        )
        with pytest.raises(DeliveryError, match="certificate that is not valid") as caught:
            channel.send(NOTE)
    assert box.envelopes == []
    assert "S3CR3T" not in str(caught.value) + repr(channel) + channel.name


def test_a_server_without_starttls_gets_nothing() -> None:
    box = Mailbox()
    with server(box) as port, pytest.raises(DeliveryError):
        Email("127.0.0.1", "g@example.org", "a@example.org", port=port).send(NOTE)
    assert box.envelopes == []


def test_plain_mail_stays_on_this_machine() -> None:
    with pytest.raises(NotifyError):
        Email("mail.example.org", "g@example.org", "a@example.org", tls="none")
    with pytest.raises(NotifyError):
        Email("127.0.0.1", "g@example.org", "a@example.org", tls="none", username="g")


def test_a_recipient_that_is_refused_is_told() -> None:
    box = Mailbox(refused="b@example.org")
    with plain(box) as channel, pytest.raises(DeliveryError, match="refused 1 of 2") as caught:
        channel.send(NOTE)
    assert not caught.value.retry


@pytest.mark.parametrize(("answer", "retry"), [("451 later", True), ("554 never", False)])
def test_the_answer_says_whether_to_try_again(answer: str, retry: bool) -> None:
    box = Mailbox(answer=answer)
    with plain(box) as channel, pytest.raises(DeliveryError) as caught:
        channel.send(NOTE)
    assert caught.value.retry is retry


def test_a_server_that_says_nothing_runs_out_of_time() -> None:
    with raw(lambda _: None) as port, pytest.raises(DeliveryError):
        Email(
            "127.0.0.1", "g@example.org", "a@example.org", port=port, tls="none", timeout=0.3
        ).send(NOTE)

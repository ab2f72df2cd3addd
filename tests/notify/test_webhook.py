"""Webhooks after Standard Webhooks; the oracle is the scheme's own package."""

from __future__ import annotations

import base64
import json
import logging
import socket
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import standardwebhooks

from buckler.notify import DeliveryError, Notification, NotifyError, Webhook
from tests.notify.servers import certificate, raw, receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"another secret of 32 bytes here!").decode()
NOTE = Notification(title="Zwei Wörter\r\n", text="a\nb", kind="alarm.test", fields={"n": 3})


def test_the_package_of_the_scheme_accepts_what_is_sent() -> None:
    with receiver() as there:
        Webhook(f"{there.url}/hook?x=1", SECRET).send(NOTE)
    (request,) = there.seen
    got = standardwebhooks.Webhook(SECRET).verify(request.body, request.headers)
    assert request.path == "/hook?x=1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == NOTE.id
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 60
    assert got["type"] == "alarm.test"
    assert datetime.fromisoformat(got["timestamp"]).astimezone(UTC).timestamp() == int(NOTE.time)
    assert got["data"] == {
        "title": NOTE.title,
        "text": "a\nb",
        "level": "warning",
        "fields": {"n": 3},
    }


def test_the_signature_is_that_of_the_package_byte_for_byte() -> None:
    with receiver() as there:
        Webhook(there.url, SECRET).send(NOTE)
    (request,) = there.seen
    moment = datetime.fromtimestamp(int(request.headers["webhook-timestamp"]), UTC)
    wanted = standardwebhooks.Webhook(SECRET).sign(NOTE.id, moment, request.body.decode())
    assert request.headers["webhook-signature"] == wanted


def test_while_secrets_change_both_verify_and_a_third_does_not() -> None:
    with receiver() as there:
        Webhook(there.url, [SECRET, OTHER]).send(NOTE)
    (request,) = there.seen
    for secret in (SECRET, OTHER):
        standardwebhooks.Webhook(secret).verify(request.body, request.headers)
    third = "whsec_" + base64.b64encode(b"x" * 32).decode()
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(third).verify(request.body, request.headers)


@pytest.mark.parametrize(("status", "retry"), [(500, True), (404, True), (429, True), (410, False)])
def test_what_is_not_2xx_did_not_arrive(status: int, retry: bool) -> None:
    with receiver((status, {"Retry-After": "7"})) as there, pytest.raises(DeliveryError) as caught:
        Webhook(there.url, SECRET).send(NOTE)
    assert (caught.value.retry, caught.value.after) == (retry, 7)


def test_a_redirect_is_not_followed() -> None:
    with (
        receiver() as inside,
        receiver((307, {"Location": inside.url})) as there,
        pytest.raises(DeliveryError, match="307"),
    ):
        Webhook(there.url, SECRET).send(NOTE)
    assert inside.seen == []


def test_tls_is_verified(tmp_path: Path) -> None:
    server, client = certificate(tmp_path)
    with receiver(tls=server) as there:
        with pytest.raises(DeliveryError, match="certificate is not valid"):
            Webhook(there.url, SECRET).send(NOTE)
        assert there.seen == []
        Webhook(there.url, SECRET, context=client).send(NOTE)
        assert len(there.seen) == 1


def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    server, client = certificate(tmp_path, "DNS:example.org")
    refused = pytest.raises(DeliveryError, match="certificate is not valid")
    with receiver(tls=server) as there, refused:
        Webhook(there.url, SECRET, context=client).send(NOTE)
    assert there.seen == []


def drip(connection: socket.socket) -> None:
    """A header that never ends, a byte at a time: each step is in time, the whole never is."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
    while True:
        connection.sendall(b"a")
        time.sleep(0.05)


@pytest.mark.parametrize(
    "answer",
    [
        drip,
        lambda connection: connection.close(),
        lambda connection: connection.sendall(b"nonsense\r\n\r\n"),
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000),
        lambda connection: None,
    ],
    ids=["drips", "closes", "nonsense", "headers", "silent"],
)
def test_a_bad_receiver_is_a_delivery_error(answer: object) -> None:
    with raw(answer) as port, pytest.raises(DeliveryError) as caught:  # type: ignore[arg-type]
        Webhook(f"http://127.0.0.1:{port}", SECRET, timeout=0.5).send(NOTE)
    assert caught.value.retry


def test_of_an_endless_answer_only_the_start_is_read() -> None:
    taken: list[int] = []

    def counted(connection: socket.socket) -> None:
        connection.recv(65536)
        head = b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            taken.append(connection.send(head + b"x" * 65536))
            head = b""

    with raw(counted) as port:
        Webhook(f"http://127.0.0.1:{port}", SECRET, timeout=5).send(NOTE)
    # What the kernel holds for both ends is some megabytes; the answer has no end.
    assert 0 < sum(taken) < 64 * 1024 * 1024


def test_no_secret_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with receiver(500) as there:
        webhook = Webhook(f"{there.url}/T0P/S3CR3T?key=K3Y", SECRET)
        with pytest.raises(DeliveryError) as caught:
            webhook.send(NOTE)
    told = " ".join([repr(webhook), webhook.name, str(caught.value), caplog.text])
    assert not any(part in told for part in ("S3CR3T", "K3Y", SECRET[6:]))
    assert there.url in told


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/x",
        "ftp://example.org",
        "https://user:pw@example.org/",
        "https:///x",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://example.org/a b",
        "https://example.org/\r\nX: y",
        "https://[::1",
        "",
    ],
)
def test_a_wrong_url_is_told_when_the_channel_is_made(url: str) -> None:
    with pytest.raises(NotifyError) as caught:
        Webhook(url, SECRET)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_!!!", "whsec_" + base64.b64encode(b"short").decode(), "whsec_é"]
)
def test_a_wrong_secret_is_told_and_not_repeated(secret: str) -> None:
    with pytest.raises(NotifyError) as caught:
        Webhook("https://example.org/", secret)
    assert not secret or secret not in str(caught.value)


def test_the_body_is_json_in_ascii() -> None:
    with receiver() as there:
        Webhook(there.url, SECRET).send(Notification(title="\ud800 \u2028 ü"))
    assert json.loads(there.seen[0].body.decode("ascii"))["data"]["title"] == "\ud800 \u2028 ü"

"""Syslog and HTTP to real sockets on loopback, OpenTelemetry to its own exporter in memory."""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

from buckler.guard import (
    Audit,
    AuditRecord,
    EventKind,
    GuardError,
    HttpSink,
    OpenTelemetrySink,
    SecurityEvent,
    Severity,
    SyslogSink,
)
from buckler.notify import DeliveryError, Retry
from tests.notify.servers import certificate, receiver

QUICK = Retry(attempts=4, first=0.01, factor=1, longest=0.01)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVENT = SecurityEvent(
    kind=EventKind.SIGN_IN_FAILED,
    reason="password",
    message="Sign-in failed für alle",
    time=1770091506.789,
    request_id="r-1",
    method="POST",
    route="/token",
    client="2001:db8::1",
    principal='a"b\\c]d',
    status=401,
    detail={"tries": 3},
)
# RFC 5424, 6: the whole grammar of a message.
MESSAGE = re.compile(
    r"<(?P<pri>\d{1,3})>1 (?P<time>\S+) (?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) "
    r"(?P<pid>[!-~]{1,128}) (?P<id>[!-~]{1,32}) "
    r'\[(?P<sd>[^ ="\]]{1,32})(?P<params>(?: [^ ="\]]{1,32}="(?:\\["\\\]]|[^"\\\]])*")*)\]'
    r"(?: \ufeff(?P<msg>.*))?",
    re.DOTALL,
)
PARAMETER = re.compile(r' ([^ =]+)="((?:\\.|[^"\\])*)"')


def parsed(message: bytes) -> dict[str, Any]:
    found = MESSAGE.fullmatch(message.decode())
    assert found is not None, message
    pairs = PARAMETER.findall(found["params"])
    assert len(dict(pairs)) == len(pairs)
    return {
        **found.groupdict(),
        "params": {name: re.sub(r"\\(.)", r"\1", value) for name, value in pairs},
    }


def test_a_message_is_what_rfc_5424_says() -> None:
    sink = SyslogSink("udp://127.0.0.1", application="shop", hostname="web 1", facility=13)
    found = parsed(sink.message(AuditRecord(EVENT, 2)))
    assert found["pri"] == str(13 * 8 + 5)
    assert found["time"] == "2026-02-03T04:05:06.789000Z"
    assert (found["host"], found["app"], found["id"]) == ("web_1", "shop", "sign_in.failed")
    assert found["sd"] == "buckler@32473"
    assert found["msg"] == "Sign-in failed für alle"
    assert found["params"] == {
        "severity": "notice",
        "reason": "password",
        "requestId": "r-1",
        "method": "POST",
        "route": "/token",
        "client": "2001:db8::1",
        "principal": 'a"b\\c]d',
        "status": "401",
        "dropped": "2",
        "d.tries": "3",
    }


@pytest.mark.parametrize(("severity", "number"), list(zip(Severity, [6, 5, 4, 3, 1], strict=True)))
def test_severities_are_those_of_table_2(severity: Severity, number: int) -> None:
    event = SecurityEvent(kind=EventKind.FAILED, severity=severity)
    assert parsed(SyslogSink("udp://127.0.0.1").message(AuditRecord(event)))["pri"] == str(
        80 + number
    )


@given(st.text(), st.dictionaries(st.text(min_size=1), st.text()), st.integers(480, 3000))
def test_no_value_leaves_its_place(text: str, detail: dict[str, str], most: int) -> None:
    event = SecurityEvent(
        kind=EventKind.FAILED, message=text, reason=text, principal=text, detail=detail
    )
    sink = SyslogSink("udp://127.0.0.1", most=most)
    message = sink.message(AuditRecord(event))
    assert len(message) <= most
    assert b"\n" not in message and b"\x00" not in message
    assert MESSAGE.fullmatch(message.decode())


@contextmanager
def listening(address: Any, family: int, kind: int) -> Iterator[socket.socket]:
    with socket.socket(family, kind) as server:
        server.bind(address)
        server.settimeout(30)
        if kind == socket.SOCK_STREAM:
            server.listen()
        yield server


def octets(connection: socket.socket, count: int) -> list[bytes]:
    """RFC 6587, 3.4.1: MSG-LEN SP SYSLOG-MSG."""
    connection.settimeout(30)
    with connection.makefile("rb") as stream:
        found = []
        for _ in range(count):
            length = b""
            while (byte := stream.read(1)) != b" ":
                length += byte
            found.append(stream.read(int(length)))
        return found


def test_udp() -> None:
    with listening(("127.0.0.1", 0), socket.AF_INET, socket.SOCK_DGRAM) as server:
        audit = Audit(SyslogSink(f"udp://127.0.0.1:{server.getsockname()[1]}"))
        audit(EVENT)
        assert parsed(server.recv(65536))["params"]["reason"] == "password"
        audit.close()


def test_a_unix_socket_of_datagrams_and_one_of_streams(tmp_path: Path) -> None:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        path = str(tmp_path / f"log{int(kind)}")
        with listening(path, socket.AF_UNIX, kind) as server:
            audit = Audit(SyslogSink(f"unix://{path}"))
            audit(EVENT)
            if kind == socket.SOCK_DGRAM:
                message = server.recv(65536)
            else:
                connection, _ = server.accept()
                with connection, connection.makefile("rb") as stream:
                    message = stream.readline().rstrip(b"\n")
            assert parsed(message)["id"] == "sign_in.failed"
            audit.close()


def test_tcp_counts_octets_and_comes_back_after_the_receiver_went() -> None:
    with listening(("127.0.0.1", 0), socket.AF_INET, socket.SOCK_STREAM) as server:
        audit = Audit(SyslogSink(f"tcp://127.0.0.1:{server.getsockname()[1]}"), retry=QUICK)
        for number in range(2):
            for which in "ab":
                audit(
                    SecurityEvent(
                        kind=EventKind.FAILED, message="ü" * 10, reason=f"{number}{which}"
                    )
                )
            connection, _ = server.accept()
            messages = octets(connection, 2)
            assert [parsed(m)["params"]["reason"] for m in messages] == [f"{number}a", f"{number}b"]
            assert audit.flush(30)
            connection.close()
        (figures,) = audit.figures().values()
        assert figures.dropped == 0
        audit.close()


def test_tls_is_verified(tmp_path: Path) -> None:
    theirs, ours = certificate(tmp_path)
    got: list[bytes] = []
    with listening(("127.0.0.1", 0), socket.AF_INET, socket.SOCK_STREAM) as server:

        def serve() -> None:
            for _ in range(2):
                connection, _ = server.accept()
                try:
                    with theirs.wrap_socket(connection, server_side=True) as secure:
                        got.extend(octets(secure, 3))
                except OSError:
                    pass  # the first client does not trust us

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        address = f"tls://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(OSError, match="certificate verify failed"):
            SyslogSink(address).write([AuditRecord(EVENT)])
        sink = SyslogSink(address, context=ours)
        for _ in range(3):  # on one connection
            sink.write([AuditRecord(EVENT)])
        thread.join(30)
        sink.close()
    assert len(got) == 3


@pytest.mark.parametrize(
    "options",
    [
        {"address": "http://x"},
        {"address": "udp://"},
        {"address": "tcp://x:99999"},
        {"address": "unix://host/x"},
        {"facility": 24},
        {"facility": True},
        {"most": 100},
        {"timeout": 0},
        {"enterprise": 0},
    ],
)
def test_wrong_options_of_syslog_are_told(options: dict[str, Any]) -> None:
    with pytest.raises(GuardError):
        SyslogSink(**options)


def test_syslog_may_carry_a_shape() -> None:
    message = SyslogSink("udp://127.0.0.1", shape="ecs", most=4000).message(AuditRecord(EVENT))
    assert json.loads(parsed(message)["msg"])["event"]["action"] == "sign_in.failed"


def test_http_sends_batches_signed_and_with_headers_of_ones_own() -> None:
    with receiver(200) as there:
        sink = HttpSink(
            f"{there.url}/in", headers={"Authorization": "Bearer S3CR3T"}, secret=SECRET
        )
        audit = Audit(sink)
        for number in range(50):
            audit(SecurityEvent(kind=EventKind.FAILED, reason=str(number)))
        audit.close()
    got = []
    for request in there.seen:
        assert request.headers["authorization"] == "Bearer S3CR3T"
        got += standardwebhooks.Webhook(SECRET).verify(request.body, request.headers)
    assert [record["reason"] for record in got] == [str(n) for n in range(50)]
    assert "S3CR3T" not in repr(sink) + sink.name


def test_http_lines() -> None:
    with receiver(200) as there:
        HttpSink(there.url, "ecs", format="lines").write([AuditRecord(EVENT), AuditRecord(EVENT)])
    (request,) = there.seen
    assert request.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line)["log.level"] for line in request.body.splitlines()] == ["notice"] * 2


def test_http_tries_again_with_the_same_batch_and_id() -> None:
    with receiver(503, (429, {"Retry-After": "0"}), 204, 204) as there:
        audit = Audit(HttpSink(there.url), retry=QUICK)
        audit(EVENT)
        assert audit.flush(30)
        audit(EVENT)
        audit.close()
    ids = [request.headers["webhook-id"] for request in there.seen]
    assert ids[0] == ids[1] == ids[2] != ids[3]
    assert len({request.body for request in there.seen[:3]}) == 1


def test_http_gives_up_what_is_refused_and_the_next_record_says_so() -> None:
    with receiver(400, 200) as there:
        audit = Audit(HttpSink(there.url), retry=QUICK)
        audit(EVENT)
        assert audit.flush(30)
        audit(EVENT)
        audit.close()
    assert len(there.seen) == 2
    assert json.loads(there.seen[1].body)[0]["dropped"] == 1


def test_http_does_not_follow_a_redirect() -> None:
    with (
        receiver() as inside,
        receiver((308, {"Location": inside.url})) as there,
        pytest.raises(DeliveryError, match="308") as caught,
    ):
        HttpSink(f"{there.url}/S3CR3T").write([AuditRecord(EVENT)])
    assert inside.seen == []
    assert "S3CR3T" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"url": "http://example.org/"},
        {"url": "nothing"},
        {"url": "https://x.org/", "format": "xml"},
        {"url": "https://x.org/", "secret": "whsec_S3CR3T"},
        {"url": "https://x.org/", "headers": {"A": "S3CR3T\r\nB: c"}},
        {"url": "https://x.org/", "headers": {"A b": "c"}},
        {"url": "https://x.org/", "headers": {"A: b": "c"}},
        {"url": "https://x.org/", "timeout": -1},
    ],
)
def test_wrong_options_of_http_are_told_without_secrets(options: dict[str, Any]) -> None:
    with pytest.raises(GuardError) as caught:
        HttpSink(**options)
    assert "S3CR3T" not in str(caught.value)


def test_opentelemetry_gets_a_record_of_its_conventions() -> None:
    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider()
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    audit = Audit(OpenTelemetrySink(provider))
    audit(EVENT)
    audit(SecurityEvent(kind=EventKind.TOKEN_REUSED))
    audit.close()
    first, second = (log.log_record for log in exporter.get_finished_logs())
    assert first.timestamp == 1770091506789000034 or first.timestamp == round(EVENT.time * 1e9)
    assert first.severity_number is SeverityNumber.INFO2
    assert second.severity_number is SeverityNumber.ERROR3
    assert first.severity_text == "notice"
    assert first.event_name == "sign_in.failed"
    assert first.body == "Sign-in failed für alle"
    assert dict(first.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": "/token",
        "http.response.status_code": 401,
        "client.address": "2001:db8::1",
        "user.id": 'a"b\\c]d',
        "buckler.reason": "password",
        "buckler.request_id": "r-1",
        "buckler.detail.tries": 3,
    }
    provider.shutdown()


def test_without_opentelemetry_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry._logs", None)
    with pytest.raises(GuardError) as caught:
        OpenTelemetrySink()
    assert caught.value.hint == "pip install 'buckler[otel]'"

"""The audit takes events without waiting, loses none in silence, and stops nobody."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from buckler.core.redact import Redactor
from buckler.guard import (
    Audit,
    AuditRecord,
    EventKind,
    Guard,
    GuardError,
    MemorySink,
    SecurityEvent,
    StdoutSink,
)
from buckler.notify import Retry
from tests.waiting import until

QUICK = Retry(attempts=3, first=0.01, factor=1, longest=0.01)


class Fake:
    """A sink that does what a test says."""

    def __init__(self, name: str, write: Callable[[Sequence[AuditRecord]], Any]) -> None:
        self.name = name
        self.write = write

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass


def event(number: int = 0, **fields: Any) -> SecurityEvent:
    return SecurityEvent(**{"kind": EventKind.LIMIT_EXCEEDED, "reason": str(number), **fields})


def written(**fields: Any) -> dict[str, Any]:
    """What a line of JSON says of an event."""
    stream = io.StringIO()
    audit = Audit(StdoutSink(stream=stream))
    audit(event(**fields))
    audit.close()
    (line,) = stream.getvalue().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_every_event_is_written_in_order() -> None:
    memory = MemorySink()
    audit = Audit(memory)
    for number in range(1000):
        audit(event(number))
    assert audit.flush(30)
    assert [e.reason for e in memory.events] == [str(n) for n in range(1000)]
    assert audit.figures()["memory"].done == 1000
    audit.close()


def test_what_finds_no_room_is_counted_and_the_next_record_says_so() -> None:
    release, entered = threading.Event(), threading.Event()
    got: list[AuditRecord] = []

    def slow(records: Sequence[AuditRecord]) -> None:
        entered.set()
        release.wait(60)
        got.extend(records)

    audit = Audit(Fake("slow", slow), queue=5)
    audit(event(0))
    assert entered.wait(30)
    sent = 1
    while audit.figures()["slow"].dropped < 3:  # the sink's queue is full, then ours
        audit(event(sent))
        sent += 1
    release.set()
    assert audit.flush(30)
    audit(event(sent))
    audit.close()
    lost = audit.dropped + audit.figures()["slow"].dropped
    assert lost >= 3
    assert len(got) + lost == sent + 1
    assert sum(record.dropped for record in got) == lost
    assert got[-1].event.reason == str(sent)


def test_a_hanging_and_a_raising_sink_stop_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    release = threading.Event()
    memory = MemorySink()

    def raising(_: Sequence[AuditRecord]) -> None:
        raise ValueError("S3CR3T")

    audit = Audit(
        Fake("hanging", lambda _: release.wait(60)),
        Fake("raising", raising),
        memory,
        retry=QUICK,
        grace=0.2,
    )
    with caplog.at_level(logging.WARNING):
        for number in range(100):
            audit(event(number))
        # Both are through while the third one hangs; its grace is not theirs.
        until(lambda: len(memory.events) == audit.figures()["raising"].dropped == 100)
        audit.close()
    assert len(memory.events) == 100
    figures = audit.figures()
    assert figures["raising"].errors >= 3
    assert figures["raising"].dropped == 100
    assert [r.message for r in caplog.records if "raising" in r.message] == ["raising: ValueError"]
    assert "S3CR3T" not in caplog.text
    release.set()


def test_a_sink_that_comes_back_gets_what_waited(caplog: pytest.LogCaptureFixture) -> None:
    got: list[str] = []
    failures = iter([True, True, False])

    def flaky(records: Sequence[AuditRecord]) -> None:
        if next(failures, False):
            raise ConnectionResetError(104, "Connection reset by peer")
        got.extend(record.event.reason for record in records)

    audit = Audit(Fake("flaky", flaky), retry=QUICK)
    with caplog.at_level(logging.WARNING):
        audit(event(1))
        assert audit.flush(30)
    audit.close()
    assert got == ["1"]
    assert [record.message for record in caplog.records] == [
        "flaky: ConnectionResetError (Connection reset by peer)",
        "flaky works again; 2 tries failed, 0 lost",
    ]


def test_closing_twice_and_events_after_the_end(caplog: pytest.LogCaptureFixture) -> None:
    memory = MemorySink()
    audit = Audit(memory)
    audit(event(1))
    audit.close()
    audit.close()
    with caplog.at_level(logging.WARNING):
        audit(event(2))
        audit(event(3))
    assert [e.reason for e in memory.events] == ["1"]
    assert audit.dropped == 2
    assert len(caplog.records) == 1
    assert audit.flush(1)


def test_where_no_thread_can_be_started_the_event_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    memory = MemorySink()
    audit = Audit(memory)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no)
        audit(event(1))
    assert audit.dropped == 1
    audit(event(2))
    audit.close()
    assert [(r.event.reason, r.dropped) for r in memory.records] == [("2", 1)]


def test_it_works_from_many_threads() -> None:
    memory = MemorySink()
    audit = Audit(memory)
    threads = [
        threading.Thread(target=lambda: [audit(event(n)) for n in range(500)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    audit.close()
    assert len(memory.events) == 4000


@pytest.mark.parametrize(
    ("detail", "secret"),
    [
        ({"password": "hunter22"}, "hunter22"),
        ({"apiKey": "AKIA-very-long"}, "AKIA-very-long"),
        ({"pin": 123456}, "123456"),
        ({"note": "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.abcdefghijkl"}, "eyJzdWIiOiJhIn0"),
        ({"note": "x" * 2030 + " eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0"}, "eyJzdWIi"),
        ({"note": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIi" * 1000}, "eyJzdWIi"),
        ({"note": "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIE" * 2000}, "MIIE"),
        ({"note": "postgresql://shop:hunter22@db/shop"}, "hunter22"),
        ({"note": "the one that is known"}, "one that is known"),
        ({"note": "paid with 4111 1111 1111 1111."}, "1111 1111"),
        ({"number": 4111111111111111}, "4111111111111111"),
        ({"note": "sent Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}, "QWxhZGRpbjpvcGVu"),
        ({"note": "used AKIA" + "Q7RTSUVWXYZ23456"}, "Q7RTSUVWXYZ"),
        # What stands before the cut shrinks, so that the half at the cut is seen.
        (
            {"note": "token=" + "x" * 2000 + " to ghp_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6"},
            "ghp_aB3dE6g",
        ),
        ({"note": "token=" + "x" * 2030 + " 4111 1111 1111 1111"}, "4111 111"),
    ],
)
def test_secrets_are_redacted_by_name_and_shape(detail: dict[str, Any], secret: str) -> None:
    stream = io.StringIO()
    audit = Audit(StdoutSink(stream=stream), redactor=Redactor(["one that is known"]))
    audit(event(detail=detail, message=str(detail.get("note", ""))))
    audit.close()
    assert len(stream.getvalue().splitlines()) == 1
    assert secret not in stream.getvalue()


@given(st.text(), st.text(), st.dictionaries(st.text(), st.text()))
def test_no_value_breaks_a_line(message: str, route: str, detail: dict[str, str]) -> None:
    stream = io.StringIO()
    audit = Audit(StdoutSink(stream=stream))
    audit(event(message=message, route=route, principal=message, detail=detail))
    audit.close()
    text = stream.getvalue()
    assert text.endswith("\n") and len(text.splitlines()) == 1
    assert text.isascii()
    assert not any(ord(c) < 32 for c in json.loads(text).get("message", ""))


class Endless:
    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (2**60, hex(2**60)),
        (10**5000, hex(10**5000)[:64]),
        (1.5, 1.5),
        (True, True),
        (None, None),
        (Endless(), "<Endless>"),
        ([1], "<list>"),
        (b"x", "<bytes>"),
        ("\ud800", "\ufffd"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_json_has_not_is_a_text(value: Any, shown: Any) -> None:
    assert written(detail={"v": value})["detail"]["v"] == shown


def test_values_are_bounded() -> None:
    found = written(message="m" * 10**6, detail={f"k{n}" * 100: "v" * 10**5 for n in range(1000)})
    assert found["message"].endswith("…(1000000)")
    assert len(json.dumps(found)) < 50_000


def test_an_event_that_cannot_be_read_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(dict[str, Any]):
        def items(self) -> Any:
            raise RuntimeError

    memory = MemorySink()
    audit = Audit(memory)
    with caplog.at_level(logging.WARNING):
        audit(event(1, detail=Broken()))
        audit(event(2, detail=Broken()))
        audit(event(3))
        assert audit.flush(30)
    audit.close()
    assert [(r.event.reason, r.dropped) for r in memory.records] == [("3", 2)]
    assert caplog.text.count("could not be read") == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_each_forked_process_writes_its_own() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        audit = Audit(StdoutSink(stream=stream))
        audit(event(1))
        assert audit.flush(30)
        child = os.fork()
        if child == 0:
            audit(event(2))
            audit.close()
            os._exit(0)
        os.waitpid(child, 0)
        audit(event(3))
        audit.close()
    with os.fdopen(reading) as stream:
        assert [json.loads(line)["reason"] for line in stream] == ["1", "2", "3"]


def test_what_waits_is_written_when_the_process_ends() -> None:
    program = (
        "from buckler.guard import *\n"
        "audit = Audit(StdoutSink())\n"
        "for n in range(500): audit(SecurityEvent(kind=EventKind.FAILED, reason=str(n)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert [json.loads(line)["reason"] for line in done.stdout.splitlines()] == [
        str(n) for n in range(500)
    ]


def test_importing_the_audit_imports_no_framework() -> None:
    program = (
        "import sys\n"
        "from buckler.guard import Audit, Alarms, FileSink, HttpSink, SyslogSink, StdoutSink, MemorySink\n"
        "Audit(StdoutSink(), alarms=Alarms())\n"
        "print([m for m in ('fastapi', 'pydantic', 'opentelemetry', 'apprise', 'buckler.scan') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"


def test_guard_tells_it_and_closes_it() -> None:
    memory = MemorySink()
    audit = Audit(memory)
    app = Starlette()
    Guard(app, events=audit, hosts=["example.org"])
    with TestClient(app, base_url="http://example.org") as client:
        client.get("/", headers={"host": "evil.test"})
    (refused,) = [e for e in memory.events if e.kind is EventKind.HOST_REFUSED]
    assert refused.request_id
    assert refused.status in {400, 421}
    audit(event())
    assert audit.dropped == 1  # closed by the application's end


@pytest.mark.parametrize(
    "make",
    [
        lambda: Audit(MemorySink(), queue=0),
        lambda: Audit(MemorySink(), grace=-1),
        lambda: Audit(MemorySink(), grace="5"),  # type: ignore[arg-type]
        lambda: Audit(MemorySink),  # type: ignore[arg-type]
        lambda: Audit("stdout"),  # type: ignore[arg-type]
        lambda: StdoutSink("xml"),  # type: ignore[arg-type]
        lambda: MemorySink(0),
    ],
)
def test_a_wrong_option_is_told_when_it_is_made(make: Callable[[], object]) -> None:
    with pytest.raises(GuardError):
        make()

"""An audit that was closed and is opened again, as where one process starts an application twice."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from buckler.guard import Audit, AuditRecord, Guard, MemorySink
from buckler.notify.lane import Figures
from tests.guard.test_audit import Fake, event
from tests.waiting import until


def test_an_application_that_starts_again_is_written_down_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    memory = MemorySink()
    audit = Audit(memory)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        audit(event(7))
        yield

    app = Starlette(lifespan=lifespan)
    Guard(app, events=audit, hosts=["example.org"])
    for start in (1, 2, 3):
        with TestClient(app, base_url="http://example.org") as client:
            client.get("/", headers={"host": "evil.test"})
        assert [e.reason for e in memory.events] == ["7", "host"] * start
        assert audit.figures()["memory"] == Figures(done=2 * start, errors=0, dropped=0)
    assert (audit.dropped, caplog.records) == (0, [])
    audit(event())
    assert audit.dropped == 1


def test_a_sink_that_hangs_since_the_end_is_called_in_no_second_thread() -> None:
    entered, release = threading.Event(), threading.Event()
    threads: set[int] = set()

    def hang(records: Sequence[AuditRecord]) -> None:
        threads.add(threading.get_ident())
        entered.set()
        release.wait(30)

    memory = MemorySink()
    audit = Audit(Fake("hanging", hang), memory, grace=0.1)
    audit(event(1))
    assert entered.wait(30)
    until(lambda: len(memory.events) == 1)
    audit.close()
    audit.open()
    audit(event(2))
    until(lambda: len(memory.events) == 2)
    audit.close()
    assert [e.reason for e in memory.events] == ["1", "2"]
    assert (len(threads), audit.figures()["hanging"].dropped) == (1, 1)
    release.set()


def test_opening_what_is_open_changes_nothing() -> None:
    memory = MemorySink()
    audit = Audit(memory)
    audit.open()
    audit(event(1))
    audit.open()
    audit(event(2))
    audit.close()
    assert [e.reason for e in memory.events] == ["1", "2"]

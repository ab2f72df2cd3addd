"""guard's sink and watch's interface together: a real application, a real service, a real socket."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from buckler.guard import Audit, AuditRecord, EventKind, Guard, GuardError, SecurityEvent, WatchSink
from buckler.guard.audit.watch import LARGEST
from buckler.notify import DeliveryError, Retry
from buckler.watch.api.common import EVENTS
from buckler.watch.app import create_app
from buckler.watch.db import events, migrations
from buckler.watch.options import Options
from buckler.watch.service import Service
from tests.notify.servers import receiver
from tests.watch.made import target

QUICK = Retry(attempts=5, first=0.01, factor=1, longest=0.01)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Service, str, str]]:
    """A service that listens, the URL of it, and the token of an application."""
    service = Service(Options(data=tmp_path / "data", hosts=("testserver",)))
    migrations.upgrade(service.database)
    app = create_app(service)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    with TestClient(app, base_url="https://testserver") as client:
        identities = app.state.guard.identities

        async def key() -> tuple[str, str]:
            user = await identities.add_account("shop-1", roles=["application"], verified=True)
            issued = await identities.keys.issue(user.id, "shop", scopes=[EVENTS])
            return user.id, str(issued.key)

        user, token = client.portal.call(key)  # type: ignore[union-attr]
        shop = target(service.database)
        with service.database.write() as connection:
            values = {"id": user, "target_id": shop, "name": "shop"}
            events.add_application(connection, {**values, "by": "ann", "created_at": 1.0})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield service, f"http://127.0.0.1:{port}", token
    server.should_exit = True
    thread.join(20)
    service.database.close()


def kept(service: Service) -> list[str]:
    with service.database.read() as connection:
        return [
            row.reason
            for row in connection.execute(select(events.EVENTS).order_by(events.EVENTS.c.at))
        ]


def test_what_guard_refuses_is_in_watch(served: tuple[Service, str, str]) -> None:
    service, url, token = served
    audit = Audit(WatchSink(url, token), retry=QUICK)
    app = FastAPI()
    Guard(app, events=audit, hosts=["shop.example"])
    with TestClient(app, base_url="https://evil.example") as client:
        assert client.get("/").status_code == 400
        assert audit.flush(20)
    with service.database.read() as connection:
        row = connection.execute(select(events.EVENTS)).one()
    assert (row.kind, row.severity) == ("request.host_refused", "notice")
    assert abs(row.at - time.time()) < 60


def test_the_largest_events_there_are_arrive_in_parts(served: tuple[Service, str, str]) -> None:
    service, url, token = served
    audit = Audit(WatchSink(url, token), retry=QUICK)
    for number in range(40):
        detail = {f"field_{n:02}": "\u4e2d" * 5000 for n in range(32)}
        audit(SecurityEvent(kind=EventKind.FAILED, reason=f"{number:02}", detail=detail))
    assert audit.flush(60)
    figures = audit.figures().popitem()[1]
    audit.close()
    assert (figures.done, figures.errors, figures.dropped) == (40, 0, 0)
    assert kept(service) == [f"{number:02}" for number in range(40)]


def test_a_batch_that_failed_in_the_middle_is_there_once(served: tuple[Service, str, str]) -> None:
    service, url, token = served
    sink = WatchSink(url, token)
    records = [
        AuditRecord(
            SecurityEvent(
                kind=EventKind.FAILED, reason=str(n), message="x" * 1000, time=time.time()
            )
        )
        for n in range(5)
    ]
    sink.write(records)
    sink.write(records)  # as a lane does that heard no answer
    assert len(kept(service)) == 5
    WatchSink(url, token).write(records)  # another process saw the same
    assert len(kept(service)) == 10


def test_parts_of_a_batch_keep_their_names_and_are_bounded() -> None:
    with receiver(202, 503, 202) as hook:
        sink = WatchSink(hook.url, "token")
        record = AuditRecord(
            SecurityEvent(
                kind=EventKind.FAILED, detail={f"n{n}": "x" * 1000 for n in range(30)}, time=1.0
            )
        )
        with pytest.raises(DeliveryError) as caught:
            sink.write([record] * 30)
        assert caught.value.retry
        sink.write([record] * 30)
    assert {r.path for r in hook.seen} == {"/api/events"}
    assert {r.headers["x-api-key"] for r in hook.seen} == {"token"}
    assert max(len(r.body) for r in hook.seen) <= LARGEST + 2
    names = [r.headers["webhook-id"] for r in hook.seen]
    assert names[:2] == names[2:4]
    assert sum(len(json.loads(r.body)) for r in hook.seen[2:]) == 30


@pytest.mark.parametrize(
    ("status", "again"), [(401, False), (422, False), (429, True), (500, True)]
)
def test_what_is_sent_again(status: int, again: bool) -> None:
    record = AuditRecord(SecurityEvent(kind=EventKind.FAILED))
    with (
        receiver((status, {"Retry-After": "7"})) as hook,
        pytest.raises(DeliveryError) as caught,
    ):
        WatchSink(hook.url, "t").write([record])
    assert (caught.value.retry, caught.value.after) == (again, 7.0)


def test_a_service_that_is_gone_stops_no_request_and_what_is_lost_is_counted() -> None:
    audit = Audit(WatchSink("http://127.0.0.1:9", "t"), queue=5, retry=QUICK)
    for _ in range(50):
        audit(SecurityEvent(kind=EventKind.FAILED))
    assert audit.flush(20)
    lost = audit.dropped + audit.figures().popitem()[1].dropped
    audit.close()
    assert lost == 50


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("http://watch.example", "t"),
        ("ftp://x", "t"),
        ("https://w", ""),
        ("https://w", "a\nb"),
        (None, "t"),
    ],
)
def test_a_wrong_option_is_told_and_the_token_is_not(url: str, token: str) -> None:
    with pytest.raises(GuardError) as caught:
        WatchSink(url, token)
    assert "a\nb" not in str(caught.value)
    assert "secret-token" not in repr(WatchSink("https://w", "secret-token"))

"""``--allow HOST:PORT`` reaches a real listener, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from buckler.scan.engines.app.session import Options
from tests.scan.listening import Listener

APP = """
import socket

from fastapi import FastAPI

app = FastAPI()


def read(port: int) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=2) as client:
        return client.recv(16).decode()


@app.get("/allowed")
def allowed() -> str:
    return read(%d)


@app.get("/other")
def other() -> str:
    return read(%d)
"""


@pytest.fixture
def listeners() -> Iterator[tuple[Listener, Listener]]:
    pair = Listener(), Listener()
    yield pair
    for listener in pair:
        listener.socket.close()


def test_only_what_is_allowed_is_reached(project, scan, listeners) -> None:
    one, other = listeners
    folder = project({"main.py": APP % (one.port, other.port)})
    report = scan(folder, options=Options(allow=(f"127.0.0.1:{one.port}",)))
    assert one.seen > 0
    assert other.seen == 0
    statuses = {row.operation: row.status for row in report.coverage.operations}
    assert statuses == {"GET /allowed": 200, "GET /other": 500}
    assert any(gap.what == "wall: network" for gap in report.coverage.gaps)


def test_nothing_is_reached_where_nothing_is_allowed(project, scan, listeners) -> None:
    one, other = listeners
    scan(project({"main.py": APP % (one.port, other.port)}))
    assert one.seen == other.seen == 0

"""``--allow HOST:PORT`` reaches a real listener, and nothing else does."""

from __future__ import annotations

import socket
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


BELOW = """
import ctypes
import socket
import struct

from fastapi import FastAPI

app = FastAPI()


def connects(port: int) -> bool:
    libc = ctypes.CDLL(None)
    number = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    address = struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton("127.0.0.1")
    return libc.connect(number, address + bytes(8), 16) == 0


@app.get("/allowed")
def allowed() -> dict[str, bool]:
    return {"connected": connects(%d), "other": connects(%d)}
"""

NAMED = """
import socket

from fastapi import FastAPI

app = FastAPI()


@app.get("/named")
def named() -> str:
    socket.create_connection(("ledger.test", %d), timeout=2).close()
    return socket.gethostbyname("ledger.test")


@app.get("/other")
def other() -> str:
    return socket.gethostbyname("other.test")
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
    assert not [gap for gap in report.coverage.gaps if gap.what.startswith("wall: ")]


def test_nothing_is_reached_where_nothing_is_allowed(project, scan, listeners) -> None:
    one, other = listeners
    scan(project({"main.py": APP % (one.port, other.port)}))
    assert one.seen == other.seen == 0


def test_the_kernel_tells_the_allowed_from_the_rest(project, scan, listeners) -> None:
    """The Python wall is off: what stands is the private network, with one door in it."""
    one, other = listeners
    folder = project({"main.py": BELOW % (one.port, other.port)})
    scan(folder, options=Options(allow=(f"127.0.0.1:{one.port}",), hooks=False))
    assert one.seen > 0
    assert other.seen == 0


def test_a_name_leads_to_its_own_door(project, scan, listeners) -> None:
    """Nobody outside knows the name: inside it has an address, and the way ends at the relay."""
    one, other = listeners
    folder = project({"main.py": NAMED % one.port})
    report = scan(folder, options=Options(allow=(f"ledger.test:{one.port}",)))
    assert one.seen == other.seen == 0
    statuses = {row.operation: row.status for row in report.coverage.operations}
    assert statuses == {"GET /named": 200, "GET /other": 500}


def test_an_address_that_is_not_loopback_has_a_door_too(project, scan) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; tells which address is ours
        except OSError:
            pytest.skip("this machine has no address but loopback")
        address = probe.getsockname()[0]
    listener = Listener(address)
    with listener.socket:
        app = (APP % (listener.port, listener.port)).replace("127.0.0.1", address)
        report = scan(
            project({"main.py": app}), options=Options(allow=(f"{address}:{listener.port}",))
        )
    assert listener.seen > 0
    statuses = {row.operation: row.status for row in report.coverage.operations}
    assert statuses == {"GET /allowed": 200, "GET /other": 200}

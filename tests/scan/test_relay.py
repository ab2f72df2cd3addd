"""The relay ends at any moment: it neither waits for a connection that was just made nor leaves one open."""

from __future__ import annotations

import gc
import socket
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from buckler.scan.engines.app.relay import Door, Relay

ROUNDS = 60
AT_ONCE = 5


@pytest.fixture
def port() -> Iterator[int]:
    """A server that takes every connection and closes it."""
    server = socket.create_server(("127.0.0.1", 0))

    def take() -> None:
        while True:
            try:
                server.accept()[0].close()
            except OSError:
                return

    threading.Thread(target=take, daemon=True).start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()


@pytest.mark.parametrize("later", [0.0, 0.002])
def test_connections_that_come_as_it_ends(
    port: int, later: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[Any] = []
    gc.collect()  # what other tests left is not ours
    monkeypatch.setattr(sys, "unraisablehook", left.append)

    def rounds() -> None:
        for _ in range(ROUNDS):
            with socket.create_server(("127.0.0.1", 0)) as listener:
                relay = Relay([Door("127.0.0.1", port, listener)])
                time.sleep(later)
                clients = [socket.create_connection(listener.getsockname()) for _ in range(AT_ONCE)]
                relay.close()
            for client in clients:
                client.close()

    # It ends in a second or not at all.
    thread = threading.Thread(target=rounds, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), "the relay does not end"
    gc.collect()
    assert [str(one.exc_value) for one in left] == []

"""Real servers on loopback, and clients that speak to them byte by byte."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)

from tests.ports import free_port

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 30.0
UVICORN = ["uvicorn", "--host", "127.0.0.1", "--log-level", "critical", "--no-server-header"]
HYPERCORN = ["hypercorn", "--log-level", "CRITICAL", "--graceful-timeout", "1"]
COMMANDS: dict[str, list[str]] = {
    "uvicorn-h11": [*UVICORN, "--http", "h11", "--loop", "asyncio", "--ws", "wsproto"],
    "hypercorn-asyncio": [*HYPERCORN, "--worker-class", "asyncio"],
    "hypercorn-trio": [*HYPERCORN, "--worker-class", "trio"],
    "granian": ["granian", "--interface", "asgi", "--host", "127.0.0.1", "--log-level", "critical"],
    "uvicorn-standard": [*UVICORN, "--http", "httptools", "--loop", "uvloop", "--ws", "websockets"],
}
STANDARD = ("httptools", "uvloop", "websockets")
"""What ``uvicorn[standard]`` brings; the other servers need nothing more."""


def is_installed(name: str) -> bool:
    return name != "uvicorn-standard" or all(find_spec(part) for part in STANDARD)


def _is_up(process: subprocess.Popen[bytes], port: int) -> bool:
    until = time.monotonic() + 2 * PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


@contextmanager
def serving(
    name: str, files: Path, *more: str, app: str = "tests.guard.served:app"
) -> Iterator[int]:
    """Run a server; gives its port."""
    environment = {**os.environ, "SERVED_FILES": str(files), "PYTHONPATH": str(ROOT)}
    for _ in range(3):
        port = free_port()
        where = ["--bind", f"127.0.0.1:{port}"] if "hypercorn" in name else ["--port", str(port)]
        command = [sys.executable, "-m", *COMMANDS[name], *where, *more, app]
        with (files / "server.log").open("wb") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            if _is_up(process, port):
                yield port
                return
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    raise AssertionError((files / "server.log").read_text()[-3000:])


@dataclass
class Response:
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


class Client:
    """One connection that is kept alive, opened anew where the server closed it."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        *,
        chunked: bool = False,
    ) -> Response:
        for attempt in (1, 2):
            try:
                self._connection.request(method, path, body, headers or {}, encode_chunked=chunked)
                response = self._connection.getresponse()
                break
            except (BrokenPipeError, ConnectionResetError):
                # An answer that came before the body was through can still be read; a connection that
                # was closed after an error cannot.
                if body is not None and self._connection.sock is not None:
                    response = self._connection.getresponse()
                    break
                self._connection.close()
                if attempt == 2:
                    raise
        return Response(response.status, response.getheaders(), response.read())

    def close(self) -> None:
        self._connection.close()


def raw(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """Send bytes and read until the server closes or says no more for a while."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        try:
            for part in parts:
                connection.sendall(part)
                time.sleep(pause)
        except (BrokenPipeError, ConnectionResetError):
            answer = b""  # it has answered, and reads no more
        try:
            while got := connection.recv(65536):
                answer += got
                connection.settimeout(3)
        except (TimeoutError, ConnectionResetError):
            return answer
    return answer


class Socket:
    """A websocket."""

    def __init__(self, port: int, path: str, **headers: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._wire = WSConnection(ConnectionType.CLIENT)
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        extra = [(k.encode(), v.encode()) for k, v in headers.items()]
        self._send(Request(host=f"127.0.0.1:{port}", target=path, extra_headers=extra))
        while not self.status or (
            self._wire.state is ConnectionState.CONNECTING and not self._ended
        ):
            event = self.next()
            if event is None:
                break

    _ended = False

    def _send(self, event: Any) -> None:
        try:
            self._socket.sendall(self._wire.send(event))
        except (BrokenPipeError, ConnectionResetError):
            self._ended = True

    def say(self, text: str | bytes) -> None:
        self._send(TextMessage(text) if isinstance(text, str) else BytesMessage(text))

    def next(self) -> Any:
        """The next event; None at the end."""
        while True:
            for event in self._wire.events():
                if isinstance(event, AcceptConnection):
                    self.status = 101
                elif isinstance(event, RejectConnection):
                    self.status = event.status_code
                    self._ended = not event.has_body
                if isinstance(event, AcceptConnection | RejectConnection):
                    pairs = (
                        event.headers
                        if isinstance(event, RejectConnection)
                        else event.extra_headers
                    )
                    self.headers = {k.decode().lower(): v.decode() for k, v in pairs}
                if isinstance(event, RejectData):
                    self.body += bytes(event.data)
                    self._ended = event.body_finished
                return event
            try:
                got = self._socket.recv(65536)
            except ConnectionResetError:
                return None
            if not got:
                return None
            self._wire.receive_data(got)

    def closed(self) -> int:
        """Read until the server closes; the code."""
        while (event := self.next()) is not None:
            if isinstance(event, CloseConnection):
                return int(event.code)
        return 0

    def close(self) -> None:
        self._socket.close()

"""A network of the test's own: a namespace for one thread, in which public addresses lie on loopback.

Network namespaces belong to threads on Linux, and what a thread starts is in its own; so servers, clients and
resolvers of a test live together where no packet can leave.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from typing import Any

import pytest

CLONE_NEWNET = 0x40000000
PUBLIC = "93.184.215.14"
OTHER = "151.101.1.69"
PUBLIC6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


def alone(test: Callable[..., Any]) -> Any:
    """Mark of a test that runs in a namespace; it needs root."""

    def run(*arguments: Any, **named: Any) -> None:
        failures: list[BaseException] = []

        def inside() -> None:
            try:
                if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "no namespace")
                for command in (
                    "link set lo up",
                    f"addr add {PUBLIC}/32 dev lo",
                    f"addr add {OTHER}/32 dev lo",
                    f"addr add {PUBLIC6}/128 dev lo nodad",
                ):
                    subprocess.run(["ip", *command.split()], check=True)
                test(*arguments, **named)
            except BaseException as error:  # noqa: BLE001 - raised again in the test's thread
                failures.append(error)

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        if failures:
            raise failures[0]

    run.__name__ = test.__name__
    run.__wrapped__ = test  # type: ignore[attr-defined]
    run.__doc__ = test.__doc__
    return pytest.mark.skipif(not possible(), reason="a network namespace needs root")(run)


@cache
def possible() -> bool:
    """Whether this system lets a thread have a network of its own."""
    outcome: list[bool] = []

    def attempt() -> None:
        unshare = getattr(ctypes.CDLL(None), "unshare", None)
        outcome.append(unshare is not None and unshare(CLONE_NEWNET) == 0)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return outcome == [True] and shutil.which("ip") is not None


class Names:
    """A resolver of the test's own: each question takes the next answer, the last one stays."""

    def __init__(self, **answers: Sequence[Sequence[str] | str]) -> None:
        self.answers = {name.replace("_", "."): list(given) for name, given in answers.items()}
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host not in self.answers:
            raise OSError("no such name")
        given = self.answers[host]
        answer = given.pop(0) if len(given) > 1 else given[0]
        return [answer] if isinstance(answer, str) else answer


Handler = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def server(
    handler: Handler, address: str = PUBLIC, port: int = 80, context: SSLContext | None = None
) -> Iterator[list[tuple[str, dict[str, str]]]]:
    """Serves with ``handler``; gives the list of requests that came: path and headers."""
    seen: list[tuple[str, dict[str, str]]] = []

    class Requests(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
            handler(self)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    held = Server((address, port), Requests)
    if context is not None:
        held.socket = context.wrap_socket(held.socket, server_side=True)
    thread = threading.Thread(target=held.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        held.shutdown()
        held.server_close()


def say(body: bytes = b"hello", status: int = 200, **headers: str) -> Handler:
    """A handler with one answer."""

    def handler(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return handler


def lead(to: str, status: int = 302) -> Handler:
    """A handler that redirects."""
    return say(b"", status, Location=to)

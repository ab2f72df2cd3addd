"""An issuer on loopback: metadata, keys and introspection, which can be changed, slowed down and broken."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from buckler.guard import EgressPolicy
from tests.guard.auth.oauth.resource.api import KEY, RESOURCE
from tests.guard.auth.tokens import NOW

ACTIVE: dict[str, Any] = {
    "active": True,
    "sub": "user-1",
    "client_id": "s6BhdRkqt3",
    "aud": RESOURCE,
    "exp": int(NOW) + 600,
    "scope": "orders:read profile",
}


class Issuer:
    """What it answers, and what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[str] = []
        self.posted: list[tuple[dict[str, str], dict[str, str]]] = []
        self.active: Any = dict(ACTIVE)
        self.body: bytes | None = None
        self.status = 200
        self.headers: dict[str, str] = {}
        self.hold: threading.Event | None = None
        self.hold_gets: threading.Event | None = None
        self.breaks: dict[str, threading.Event] = {}
        """Tokens whose connection is closed without an answer, as soon as that is set."""
        self.path = "/.well-known/oauth-authorization-server"
        self.document: dict[str, Any] = {
            "issuer": url,
            "jwks_uri": f"{url}/jwks",
            "introspection_endpoint": f"{url}/introspect",
        }

    def says(self, path: str) -> bytes | None:
        """The answer to a path."""
        if path == self.path:
            return json.dumps(self.document).encode()
        if path == "/jwks":
            return json.dumps({"keys": [KEY.public_jwk()]}).encode()
        if path == "/introspect":
            return self.body if self.body is not None else json.dumps(self.active).encode()
        return None


@contextmanager
def issuing() -> Iterator[Issuer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    found = Issuer(f"http://127.0.0.1:{server.server_port}")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            if found.hold_gets is not None:
                found.hold_gets.wait(10)
            self._say(found.says(self.path))

        def do_POST(self) -> None:
            found.asked.append(self.path)
            raw = self.rfile.read(int(self.headers["content-length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.posted.append((dict(parse_qsl(raw)), headers))
            breaks = found.breaks.get(found.posted[-1][0].get("token", ""))
            if breaks is not None:
                breaks.wait(10)
                self.close_connection = True
                return
            if found.hold is not None:
                found.hold.wait(10)
            self._say(found.says(self.path))

        def _say(self, body: bytes | None) -> None:
            self.send_response(404 if body is None else found.status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server.RequestHandlerClass = Handler
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield found
    finally:
        for held in (found.hold, found.hold_gets):
            if held is not None:
                held.set()
        server.shutdown()
        thread.join()
        server.server_close()


def inside(url: str) -> EgressPolicy:
    """What may be called for an issuer on this machine."""
    port = int(url.rpartition(":")[2].partition("/")[0])
    return EgressPolicy(
        allow_networks=["127.0.0.0/8"],
        ports=[port],
        schemes=["http"],
        max_redirects=0,
        max_bytes=65_536,
    )

"""Calls the ASGI application: one request at a time, in order, with the lifespan alive.

One at a time makes a scan repeatable and tells hits without a canary apart. What never
answers is given up after its time; a handler that blocks the loop is ended by the parent.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Dict, List, Optional

from . import load, settings, state

MAX_BODY = 256 * 1024
GRACE_SECONDS = 0.3
MAX_REPAIRS = 4


class Enough(Exception):
    """Raised into an application that goes on sending after what we keep is full."""


class Lifespan:
    """Runs the application's lifespan in a task of its own and keeps it there.

    Args:
        app: The ASGI application.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._started: "asyncio.Future[Optional[str]]" = asyncio.get_running_loop().create_future()
        self._ended: "asyncio.Future[None]" = asyncio.get_running_loop().create_future()
        self._stop = asyncio.Event()
        self._task: Optional["asyncio.Task[None]"] = None
        self.state: Dict[str, Any] = {}
        self.failure: Optional[Dict[str, Any]] = None
        self.error: Optional[Exception] = None

    async def start(self, timeout: float) -> Optional[str]:
        """Start; returns why it failed, or None. No lifespan at all is fine."""
        self._task = asyncio.ensure_future(self._run())
        done, _ = await asyncio.wait({self._started}, timeout=timeout)
        return (
            self._started.result() if done else f"the lifespan did not start within {timeout:g} s"
        )

    async def stop(self, timeout: float) -> None:
        """Ask it to end and wait that long."""
        self._stop.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=timeout)
            self._task.cancel()

    async def _run(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        sent = False

        async def receive() -> Dict[str, Any]:
            nonlocal sent
            if not sent:
                sent = True
                return {"type": "lifespan.startup"}
            await self._stop.wait()
            return {"type": "lifespan.shutdown"}

        async def send(message: Dict[str, Any]) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._begun(None)
            elif message["type"] == "lifespan.startup.failed":
                self._begun(
                    message.get("message", "").strip().splitlines()[-1:][0]
                    if message.get("message")
                    else "the lifespan failed"
                )

        try:
            await self._app(scope, receive, send)
        except Exception as error:
            self.error, self.failure = error, load.failure(error)
            where = self.failure["frames"][:1]
            place = f" at {where[0][0]}:{where[0][1]}" if where else ""
            # An application that knows no lifespan raises on this scope; that is allowed.
            self._begun(None if _no_lifespan(error) else f"{type(error).__name__}: {error}{place}")
        finally:
            self._begun(None)

    def _begun(self, why: Optional[str]) -> None:
        if not self._started.done():
            self._started.set_result(why)


def _no_lifespan(error: Exception) -> bool:
    return isinstance(
        error, (AssertionError, KeyError, NotImplementedError, TypeError)
    ) and "lifespan" in str(error)


class Driver:
    """Sends requests into the application and collects what comes of them."""

    def __init__(self, app: Any, lifespan_state: Dict[str, Any]) -> None:
        self._app = app
        self._state = lifespan_state
        self._error: Optional[BaseException] = None

    async def call(self, request: Dict[str, Any]) -> Dict[str, Any]:
        """One exchange: the answer, the hits and effects, and the error if there was one.

        Where it failed for settings that could be made up, it is made once more.
        """
        known = set(settings.made_up)
        for _ in range(MAX_REPAIRS):
            answer = await self._once(request)
            error, self._error = self._error, None
            if error is None or not settings.repair_declared(error):
                break
        answer["made_up"] = sorted(set(settings.made_up) - known)
        return answer

    async def _once(self, request: Dict[str, Any]) -> Dict[str, Any]:
        state.take()
        state.number, state.failing = request.get("number", ""), request.get("fail", "")
        state.aged = request.get("aged", "")
        state.attacking = bool(request.get("probing"))
        answer: Dict[str, Any] = {"id": request["id"], "status": None, "headers": [], "body": ""}
        exchange = _Websocket(request) if request.get("websocket") else _Http(request)
        started, worked = time.perf_counter(), time.process_time()
        scope = exchange.scope(dict(self._state))
        task = asyncio.ensure_future(self._app(scope, exchange.receive, exchange.send))
        done, _ = await asyncio.wait({task}, timeout=request["timeout"])
        if not done:
            answer["timeout"] = True
            task.cancel()
            await asyncio.wait({task}, timeout=GRACE_SECONDS)
            answer["stuck"] = not task.done()
        if task.done() and not task.cancelled():
            error = task.exception()
            if error is not None and not isinstance(error, Enough):
                self._error = _innermost(error)
                answer["error"] = load.failure(self._error)
        answer["ms"] = round((time.perf_counter() - started) * 1000, 2)
        state.number = state.failing = state.aged = ""
        state.attacking = False
        answer["cpu"] = round((time.process_time() - worked) * 1000, 2)
        answer.update(exchange.answer())
        answer.update(state.take())
        return answer


def _innermost(error: BaseException) -> BaseException:
    inner = getattr(error, "exceptions", None)
    return _innermost(inner[0]) if inner else error


class _Http:
    def __init__(self, request: Dict[str, Any]) -> None:
        self._request = request
        self._body: Optional[bytes] = _padded(request)
        self._finished = asyncio.Event()
        self._status: Optional[int] = None
        self._headers: List[List[str]] = []
        self._chunks: List[bytes] = []
        self._size = 0
        self._truncated = False

    def scope(self, lifespan_state: Dict[str, Any]) -> Dict[str, Any]:
        return dict(
            _scope(self._request, lifespan_state), type="http", method=self._request["method"]
        )

    async def receive(self) -> Dict[str, Any]:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._finished.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            self._status = message["status"]
            self._headers = [
                [bytes(name).decode("latin-1"), bytes(value).decode("latin-1")]
                for name, value in message.get("headers", [])
            ]
        elif kind == "http.response.body":
            chunk = bytes(message.get("body", b""))
            self._size += len(chunk)
            if not self._truncated:
                self._chunks.append(chunk)
            if not message.get("more_body", False):
                self._finished.set()
            elif self._size > MAX_BODY:
                self._truncated = True
                self._finished.set()
                raise Enough("the answer is longer than what is kept")

    def answer(self) -> Dict[str, Any]:
        body = b"".join(self._chunks)[:MAX_BODY]
        return {
            "status": self._status,
            "headers": self._headers,
            "body": body.decode("latin-1"),
            "size": self._size,
        }


def _padded(request: Dict[str, Any]) -> bytes:
    """The body, with as many blanks at one place as the parent asks for."""
    body = bytes(request["body"].encode("latin-1"))
    at, count, filler = request.get("pad") or (0, 0, " ")
    return body[:at] + filler.encode("latin-1") * count + body[at:] if count else body


class _Websocket:
    """Connects, sends its messages once accepted, reads a few answers, and hangs up."""

    def __init__(self, request: Dict[str, Any]) -> None:
        self._request = request
        self._outgoing: List[str] = list(request.get("messages", []))
        self._accepted = False
        self._connected = False
        self._code: Optional[int] = None
        self._received: List[str] = []
        self._ready = asyncio.Event()
        self._headers: List[List[str]] = []

    def scope(self, lifespan_state: Dict[str, Any]) -> Dict[str, Any]:
        scope = dict(_scope(self._request, lifespan_state), type="websocket", subprotocols=[])
        scope["scheme"] = "wss"
        return scope

    async def receive(self) -> Dict[str, Any]:
        if not self._connected:
            self._connected = True
            return {"type": "websocket.connect"}
        await self._ready.wait()
        if self._outgoing:
            return {"type": "websocket.receive", "text": self._outgoing.pop(0)}
        return {"type": "websocket.disconnect", "code": 1000}

    async def send(self, message: Dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "websocket.accept":
            self._accepted = True
            self._ready.set()
        elif kind == "websocket.send":
            text = message.get("text")
            self._received.append(
                text if text is not None else bytes(message.get("bytes") or b"").decode("latin-1")
            )
            if sum(map(len, self._received)) > MAX_BODY:
                raise Enough("more messages than are kept")
        elif kind == "websocket.close":
            self._code = message.get("code", 1000)
            self._ready.set()

    def answer(self) -> Dict[str, Any]:
        status = 101 if self._accepted else 403
        return {
            "status": status,
            "headers": self._headers,
            "body": "\n".join(self._received),
            "close": self._code,
        }


def _scope(request: Dict[str, Any], lifespan_state: Dict[str, Any]) -> Dict[str, Any]:
    from urllib.parse import unquote

    raw = request["path"]
    return {
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": request.get("scheme", "https"),
        "path": unquote(raw),
        "raw_path": raw.encode("ascii", "replace"),
        "query_string": request["query"].encode("latin-1"),
        "root_path": "",
        "headers": [[n.encode("latin-1"), v.encode("latin-1")] for n, v in request["headers"]],
        "client": (request["client"], 50000),
        "server": (request.get("host", "app.test"), 443),
        "state": lifespan_state,
        "extensions": {},
    }

"""How much a request may carry: bytes as they come, JSON's depth and keys, a form's parts and files.

Threat: two lengths that two readers read differently (CWE-444), and a body that fills the memory or keeps the event loop busy (CWE-770, CWE-400, CWE-674; ASVS 5.0
V4.3, V5.2.1). A length that is declared is refused at once; one that is not is counted.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from buckler.guard.audit.events import EventKind
from buckler.guard.inbound import Inbound
from buckler.guard.limits.form import TOO_LARGE, FormShape, Meter, Preamble, Together
from buckler.guard.limits.json_shape import JsonShape
from buckler.guard.limits.multipart import MultipartShape, boundary
from buckler.guard.refusal import Refusal

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

BAD_LENGTH: Final = Refusal(
    400, "The length is no number", EventKind.INPUT_REFUSED, "content_length"
)
FRAMING: Final = Refusal(400, "The length is unclear", EventKind.INPUT_REFUSED, "framing")
_MULTIPART = "multipart/form-data"
_JSON = b"application/json"
_FORM = "application/x-www-form-urlencoded"
_FORMS = frozenset((_MULTIPART, _FORM))
_PART: Final = len(b"--\r\n\r\n")
_FILE: Final = len(b"filename=") + _PART
NOTHING_SHORT: Final = -1
"""Set once a body is counted: its last part may be short."""
STEP: Final = 2**19
"""Bytes of one message that are looked at before the event loop has its turn."""


class Body:
    """The bounds of a body.

    Args:
        limit: Bytes.
        upload: Bytes of a ``multipart/form-data`` that begins with its delimiter.
        json_depth: How deep JSON is nested.
        json_keys: Names in all of its objects together; as many fields has a form without files.
        parts: Of a form with files.
        files: Among them.
    """

    __slots__ = ("_files", "_json_depth", "_json_keys", "_parts", "_short", "_upload", "limit")

    def __init__(
        self,
        limit: int,
        upload: int,
        *,
        json_depth: int = 32,
        json_keys: int = 10_000,
        parts: int = 200,
        files: int = 20,
    ) -> None:
        self.limit = limit
        self._upload = upload
        self._json_depth = json_depth
        self._json_keys = json_keys
        self._parts = parts
        # No body this short passes a bound: it is as deep and has as many names at most as it has bytes,
        # a part of a form has its delimiter and two line ends, and a file the word for its name besides.
        self._short = min(limit, json_depth, json_keys, _PART * parts, _FILE * files)
        self._files = files

    def check(self, inbound: Inbound) -> Refusal | None:
        """Whether what the headers declare is within the bounds."""
        declared = inbound.headers.get(b"content-length")
        if declared is None:
            return None
        if b"transfer-encoding" in inbound.headers:
            return FRAMING
        if not declared.isdigit() or len(declared) > 18:
            return BAD_LENGTH
        size = int(declared)
        if size <= self.limit:
            return None
        kind = media_type(inbound.headers.get(b"content-type", b""))
        if size <= self._upload and kind == _MULTIPART:
            return None
        return TOO_LARGE

    def watch(self, inbound: Inbound, receive: Receive) -> Receive:
        """``receive``, counted; raises what :func:`body_refused` makes where a bound is passed."""
        # A method of what is there already: a function made for each request costs twice as much.
        inbound.receive, inbound.short = receive, self._short
        return inbound.read

    async def look(self, inbound: Inbound, message: Message) -> None:
        """Look at a message that is not plainly within bounds, and from then on at each that follows."""
        if inbound.short != NOTHING_SHORT:
            inbound.counter = self._counter(inbound, message)
        counter = inbound.counter
        if counter is not None:
            inbound.short = NOTHING_SHORT
            await counter.read(message)

    def _counter(self, inbound: Inbound, message: Message) -> Counter | None:
        """What counts a body that begins so, or None where all of it is there and plainly within bounds."""
        if message["type"] != "http.request":
            return None
        given = inbound.headers.get(b"content-type", b"")
        if (given == _JSON or media_type(given) not in _FORMS) and not message.get("more_body"):
            if self._is_flat(message.get("body", b"")):
                return None
        kind = media_type(given)
        left = self._upload if kind == _MULTIPART else self.limit
        return Counter(inbound, left, self._meter(kind, inbound))

    def _is_flat(self, body: bytes) -> bool:
        """Whether a whole body has too few bytes, brackets and names to pass a bound: most of JSON."""
        size = len(body)
        return (
            size <= self.limit
            and body.count(b"{") + body.count(b"[") <= self._json_depth
            and (size <= self._json_keys or body.count(b":") <= self._json_keys)
        )

    def _meter(self, kind: str, inbound: Inbound) -> Meter:
        # Whatever its type says: a handler may ask for JSON, and what begins otherwise is none.
        shape = JsonShape(self._json_depth, self._json_keys, sure=_is_json(kind))
        if kind == _MULTIPART:
            given = inbound.headers.get(b"content-type", b"")
            return Together(
                Preamble(boundary(given), self.limit),
                MultipartShape(given, self._parts, self._files),
                shape,
            )
        return Together(FormShape(self._json_keys), shape) if kind == _FORM else shape


class Counter:
    """What came of one body.

    Args:
        inbound: Whose it is.
        left: Bytes that may come.
        meter: Looks at them.
    """

    __slots__ = ("_inbound", "_left", "_meter")

    def __init__(self, inbound: Inbound, left: int, meter: Meter) -> None:
        self._inbound = inbound
        self._left = left
        self._meter = meter

    async def read(self, message: Message) -> None:
        """Look at the next message; raises what :func:`body_refused` makes where a bound is passed."""
        if message["type"] != "http.request":
            return
        refusal = await self._feed(message)
        if refusal is not None:
            self._inbound.refusal = refusal
            raise body_refused(refusal)

    async def _feed(self, message: Message) -> Refusal | None:
        """Look at the next part, in steps between which others have their turn."""
        chunk = message.get("body", b"")
        last = not message.get("more_body", False)
        self._left -= len(chunk)
        if self._left < 0:
            return TOO_LARGE
        if len(chunk) <= STEP:
            return self._meter.feed(chunk, last=last)
        for at in range(0, len(chunk), STEP):
            end = at + STEP >= len(chunk)
            refusal = self._meter.feed(chunk[at : at + STEP], last=last and end)
            if refusal is not None:
                return refusal
            await _pause()
        return None


async def _pause() -> None:
    from anyio.lowlevel import checkpoint

    await checkpoint()


def is_json(content_type: bytes) -> bool:
    """Whether a body is read as JSON: ``application/json``, ``+json`` (RFC 6839), or nothing is said."""
    return _is_json(media_type(content_type))


def _is_json(kind: str) -> bool:
    return not kind or kind.endswith(("/json", "+json"))


@functools.lru_cache(256)
def media_type(content_type: bytes) -> str:
    """The type without its parameters, with the white space taken off that frameworks take off."""
    return content_type.decode("latin-1").partition(";")[0].strip().lower()


def body_refused(refusal: Refusal) -> Exception:
    """What the application is told; Starlette's own exception, so that it is no failure of its code."""
    from starlette.exceptions import HTTPException

    return HTTPException(refusal.status, refusal.title)

"""Keeps an answer from going out before it was looked into.

Threat: a secret in an answer (CWE-201), and a check that does harm itself: it holds back a stream that
never ends, or leaves an answer that looks whole and is not. Where an answer fails before it began, the
caller gets a 500; where a stream has begun, it is broken off, so that the server closes the connection
without the end of the body (RFC 9112, 8).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from buckler.guard.inbound import Inbound
from buckler.guard.pauses import Pause
from buckler.guard.response_check.decoding import Decoder
from buckler.guard.response_check.judging import Mode
from buckler.guard.response_check.looking import Emit, Looker
from buckler.guard.response_check.reading import Stream, Whole
from buckler.guard.response_check.records import Form, form

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Pairs = list[tuple[bytes, bytes]]
log: Final = logging.getLogger("buckler.guard")
_FILES: Final = frozenset(("http.response.pathsend", "http.response.zerocopysend"))
_BODY: Final = "http.response.body"
_OF_THE_BYTES: Final = frozenset(
    (b"content-md5", b"digest", b"content-digest", b"repr-digest", b"accept-ranges")
)
"""What is true of the bytes as the application made them, and of no others."""


class ResponseCheck:
    """The check of an application's answers.

    Args:
        mode: ``fail``, ``log`` or ``strip``.
        emit: Tells the listener.
    """

    def __init__(self, mode: Mode, emit: Emit) -> None:
        self._looker = Looker(mode, emit)

    def around(self, inbound: Inbound, send: Send) -> Send:
        """The same ``send`` for one answer, with the check before it."""
        return HeldAnswer(self._looker, inbound, send).send


class HeldAnswer:
    """One answer on its way out.

    Args:
        looker: Looks into it.
        inbound: The request.
        send: Where it goes.
    """

    def __init__(self, looker: Looker, inbound: Inbound, send: Send) -> None:
        self._looker = looker
        self._inbound = inbound
        self._send = send
        self._start: Message | None = None
        self._reader: Whole | Stream | None = None
        self._failed = False

    async def send(self, message: Message) -> None:
        """Take a message of the application's."""
        kind = message["type"]
        if kind == "http.response.start":
            await self._begun(message)
        elif self._failed:
            return  # the application went on after its answer had failed
        elif kind == _BODY and self._reader is not None:
            await self._body(self._reader, message)
        else:
            if kind in _FILES and self._reader is not None:
                self._looker.unseen(self._inbound, "file")
                self._reader = None
                await self._release()
            await self._send(message)

    async def _begun(self, message: Message) -> None:
        if self._failed:
            if self._inbound.started:
                return
            self._failed = False  # the application answers the failure itself
        names = {bytes(k).lower(): bytes(v) for k, v in message.get("headers") or ()}
        kind = form(names.get(b"content-type", b""))
        self._reader = None if kind is None else self._made(kind, message["status"], names)
        if isinstance(self._reader, Whole) and self._looker.mode != "log":
            self._start = message
            return
        plain = isinstance(self._reader, Stream) and self._reader.plain
        await self._send(_amended(message, None) if plain else message)

    def _made(self, kind: Form, status: int, names: dict[bytes, bytes]) -> Whole | Stream | None:
        if status == 206:
            self._looker.unseen(self._inbound, "part")
            return None
        decoder = None
        if names.get(b"content-encoding"):
            try:
                decoder = Decoder(names[b"content-encoding"])
            except LookupError:
                self._looker.unseen(self._inbound, "encoding")
                return None
        # Whoever names a length knows the end.
        reader = Whole if kind == "json" or b"content-length" in names else Stream
        return reader(self._looker, self._inbound, kind, decoder)

    async def _body(self, reader: Whole | Stream, message: Message) -> None:
        data, more = message.get("body", b""), bool(message.get("more_body"))
        if self._looker.mode == "log":
            await self._send(message)
            await self._watch(reader, data, more=more)
            return
        waiting = None
        pause = Pause()
        try:
            for piece in reader.feed(data, last=not more):
                if piece is None:
                    await pause.perhaps()
                    continue
                if waiting is not None:
                    await self._pass(waiting, more=True)
                waiting = piece
        except Exception:
            self._failed, self._start = True, None
            raise
        if waiting is not None or not more:
            await self._release(reader.length)
            await self._pass(waiting or b"", more=more)

    async def _pass(self, data: bytes, *, more: bool) -> None:
        await self._release()
        await self._send({"type": _BODY, "body": data, "more_body": more})

    async def _watch(self, reader: Whole | Stream, data: bytes, *, more: bool) -> None:
        """Look into what went out already; whatever happens here, the answer goes on."""
        try:
            pause = Pause(finishing=True)
            for _ in reader.feed(data, last=not more):
                await pause.perhaps()
        except Exception:
            log.exception("answers: %s was not looked into", self._inbound.plan.template)
            self._reader = None

    async def _release(self, length: int | None = None) -> None:
        """Send the start, where it waits.

        Args:
            length: Of the body that goes out instead of the application's, if another does.
        """
        start, self._start = self._start, None
        if start is not None:
            await self._send(start if length is None else _amended(start, length))


def _amended(start: Message, length: int | None) -> Message:
    """The start of an answer whose bytes are no longer the application's.

    Args:
        start: The application's.
        length: Of the new body, or None where nobody knows it yet.
    """
    headers: Pairs = []
    for name, value in start.get("headers") or ():
        lower = bytes(name).lower()
        if lower == b"content-encoding" or lower in _OF_THE_BYTES:
            continue
        if lower == b"content-length":
            if length is None:
                continue
            value = str(length).encode()
        elif lower == b"etag" and not value.startswith(b"W/"):
            # Other bytes than those it was made for; means the same (RFC 9110, 8.8.1).
            value = b"W/" + value
        headers.append((name, value))
    return {**start, "headers": headers}

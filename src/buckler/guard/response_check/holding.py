"""Holds a JSON answer back until it was looked into, and does what was chosen with what was found."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from buckler.guard.audit.events import Kind
from buckler.guard.inbound import Inbound
from buckler.guard.limits.body import is_json
from buckler.guard.response_check.judging import (
    MAX_ANSWER,
    AnswerError,
    Leak,
    Mode,
    leaks,
    stripped,
)

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Emit = Callable[..., None]
SHOWN = 5


class HeldAnswer:
    """One answer on its way out.

    Args:
        inbound: The request.
        mode: ``fail``, ``log`` or ``strip``.
        send: Where it goes.
        emit: Tells the listener.
    """

    def __init__(self, inbound: Inbound, mode: Mode, send: Send, emit: Emit) -> None:
        self._inbound = inbound
        self._mode = mode
        self._send = send
        self._emit = emit
        self._start: Message | None = None
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        """Take a message of the application's."""
        kind = message["type"]
        if kind == "http.response.start":
            if _is_plain_json(message):
                self._start = message
                return
        elif self._start is not None:
            if kind == "http.response.body":
                self._body += message.get("body", b"")
                if message.get("more_body") and len(self._body) <= MAX_ANSWER:
                    return
                if not message.get("more_body") and len(self._body) <= MAX_ANSWER:
                    await self._judge()
                    return
            if kind == "http.response.body":
                await self._release(more=bool(message.get("more_body")))
                return
            start, self._start = self._start, None
            await self._send(start)  # a path, trailers: what is in them is not looked into
        await self._send(message)

    async def _release(self, *, more: bool) -> None:
        start, self._start = self._start, None
        if start is not None:
            await self._send(start)
            await self._send(
                {"type": "http.response.body", "body": bytes(self._body), "more_body": more}
            )

    async def _judge(self) -> None:
        try:
            content = json.loads(self._body)
        except (ValueError, RecursionError):
            await self._release(more=False)
            return
        found = list(leaks(content, self._inbound.plan.secrets, self._inbound.plan.answered))
        if found:
            self._tell(found)
            if self._mode == "fail":
                self._start = None
                raise AnswerError(
                    f"{self._inbound.plan.template} answers {_names(found)}",
                    hint="leave the field out of the response model, or declare it: "
                    "@with_policy(secrets=['name'])",
                )
            if self._mode == "strip" and self._start is not None:
                self._body = bytearray(stripped(content, found))
                self._start = _with_length(self._start, len(self._body))
        await self._release(more=False)

    def _tell(self, found: list[Leak]) -> None:
        self._emit(
            self._inbound,
            Kind.SECRET_ANSWERED,
            found[0].shape,
            "An answer held what looks like a secret",
            detail={"fields": _names(found), "count": len(found), "action": self._mode},
        )


def _names(found: list[Leak]) -> str:
    """Where they stand; numbers of a list's items are all alike."""
    names = dict.fromkeys(
        f"{'.'.join('*' if isinstance(p, int) else p for p in leak.path)} ({leak.shape})"
        for leak in found
    )
    more = len(names) - SHOWN
    return ", ".join(list(names)[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _is_plain_json(start: Message) -> bool:
    names = {bytes(name).lower(): value for name, value in start.get("headers") or ()}
    kind = names.get(b"content-type", b"")
    return bool(kind) and is_json(kind) and b"content-encoding" not in names


def _with_length(start: Message, length: int) -> Message:
    headers = [
        (name, str(length).encode() if bytes(name).lower() == b"content-length" else value)
        for name, value in start.get("headers") or ()
    ]
    return {**start, "headers": headers}

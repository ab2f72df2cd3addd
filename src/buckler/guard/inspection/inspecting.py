"""The layer that looks: inside of guard's own, so that what guard refuses is not looked at.

Put around an application only where a policy wants it; elsewhere there is not one instruction of it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from buckler.guard import inbound as inbounds
from buckler.guard.audit.events import EventKind, Listener, SecurityEvent
from buckler.guard.inbound import Inbound, Scope
from buckler.guard.inspection.body import Kept
from buckler.guard.inspection.engine import MAX_JUDGED, engine
from buckler.guard.inspection.head import Head, Pairs
from buckler.guard.inspection.inspection import Inspection
from buckler.guard.inspection.json_texts import JsonTexts
from buckler.guard.inspection.report import told
from buckler.guard.inspection.sign import Attack
from buckler.guard.inspection.signs.scanners import PROBES
from buckler.guard.inspection.source import Plain, Source, groups
from buckler.guard.limits.body import body_refused
from buckler.guard.pauses import Pause
from buckler.guard.refusal import Refusal

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
log: Final = logging.getLogger("buckler.guard")
# No reason: what there is to tell was told, with the place.
REFUSED: Final = Refusal(403, "The request was refused", EventKind.ATTACK_SEEN, "")
FAILED: Final = "inspection: it failed (%d times so far, now %s); the request goes on"


class Inspecting:
    """Looks at what an application is sent.

    Args:
        app: What it stands around.
        tell: Gets the events.

    Attributes:
        unseen: How often a bound was met, so that something was not looked at.
        failures: How often the look itself failed; such a request goes on.
    """

    def __init__(self, app: App, tell: Listener) -> None:
        self.app = app
        self.tell = tell
        self.unseen = 0
        self.failures = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        inbound = inbounds.of(scope)
        inspection = None if inbound is None else inbound.plan.policy.inspect
        if inbound is None or inspection is None or not inspection.wanted:
            await self.app(scope, receive, send)
            return
        look = Look(self, inbound, inspection)
        if await look.at(lambda: [Head(scope, inspection.named)], lambda: _query(scope)):
            if scope["type"] == "http":
                inbound.refusal = REFUSED  # the layer outside answers
            else:
                await send({"type": "websocket.close", "code": 1008, "reason": REFUSED.title})
            return
        if scope["type"] == "websocket":
            await self.app(scope, look.frames(receive, send), send)
            return
        if Attack.SCANNER in inspection.wanted and PROBES.search(scope["path"]):
            send = look.probed(send)
        await self.app(scope, look.watched(receive), send)

    def told_unseen(self, inbound: Inbound) -> None:
        """Say in the log that a bound was met: the first time, and each time that the number doubled."""
        self.unseen += 1
        if self.unseen & (self.unseen - 1) == 0:
            log.warning(
                "inspection: %d times so far a request held more than is looked at (now %s)",
                self.unseen,
                inbound.plan.template,
            )

    def failed(self, inbound: Inbound) -> bool:
        """Count that the look itself failed, and tell it as an event the first time.

        Returns:
            Whether the log is to say it: the first time, and each time that the number doubled.
        """
        self.failures += 1
        if self.failures == 1:
            self.tell(
                SecurityEvent(
                    kind=EventKind.CONFIGURATION,
                    reason="inspection_failed",
                    message="A request could not be inspected; the log says why",
                    request_id=inbound.id,
                    method=inbound.scope.get("method", ""),
                    route=inbound.plan.template,
                    client=inbound.client,
                )
            )
        return self.failures & (self.failures - 1) == 0


def _query(scope: Scope) -> list[Source]:
    query = scope.get("query_string")
    return [Pairs(query.decode("utf-8", "replace"), "query")] if query else []


def _message(text: str) -> Source:
    if text.lstrip()[:1] in ("{", "["):
        return JsonTexts(text.encode("utf-8", "replace"), "websocket")
    return Plain(text, "websocket")


class Look:
    """The look at one request or connection.

    Args:
        owner: Whose it is.
        inbound: The request.
        inspection: What is looked for.
    """

    __slots__ = (
        "_found",
        "_inbound",
        "_inspection",
        "_left",
        "_owner",
        "_pause",
        "_wanted",
        "unseen",
    )

    def __init__(self, owner: Inspecting, inbound: Inbound, inspection: Inspection) -> None:
        self._owner = owner
        self._inbound = inbound
        self._inspection = inspection
        self._wanted = inspection.wanted
        self.unseen = 0
        self._left = MAX_JUDGED
        self._found = False
        self._pause = Pause()

    async def at(self, *parts: Callable[[], list[Source]]) -> bool:
        """Look at some parts of it, and tell what was found; where the look fails, go on.

        Args:
            parts: Each makes sources.

        Returns:
            Whether the request is to be refused.
        """
        self._left, self._found, self._pause = MAX_JUDGED, False, Pause()
        for part in parts:
            try:
                for source in part():
                    await self._at(source)
            except Exception:
                if self._owner.failed(self._inbound):
                    log.exception(FAILED, self._owner.failures, self._inbound.plan.template)
        if self._left <= 0 and self.unseen:
            self._owner.told_unseen(self._inbound)
        return self._found and self._inspection.action == "refuse"

    async def _at(self, source: Source) -> None:
        patterns, pause = engine(), self._pause
        for numbers, texts in groups(source):
            await pause.perhaps()
            joined = "\n".join(texts)
            if not patterns.suspects(joined) & self._wanted:
                continue
            if self._left <= 0:
                self.unseen += len(joined)
                continue
            self._left -= len(texts)
            for number, text in zip(numbers, texts, strict=True):
                await pause.perhaps()
                for kind, weight in patterns.judge(source.value(number, text)).items():
                    if kind in self._wanted:
                        self._found = True
                        self._tell(kind, source, number, text, weight)

    def _tell(self, kind: Attack, source: Source, number: int, text: str, weight: int) -> None:
        self._wanted -= {kind}  # one event of a kind for each request
        place, name = source.place(number)
        action = self._inspection.action
        self._owner.tell(
            told(
                self._inbound,
                kind,
                place=place,
                name=name,
                text=text,
                weight=weight,
                action=action,
                unseen=self.unseen,
                status=403 if action == "refuse" else 0,
            )
        )

    def watched(self, receive: Receive) -> Receive:
        """``receive``; what comes is passed on at once, and looked at when all of it, or enough, was there."""
        kept: Kept | None = None
        done = False

        async def received() -> Message:
            nonlocal kept, done
            message = await receive()
            if message["type"] != "http.request":
                if (
                    kept is not None and not done
                ):  # gone before its body ended: what was there counts
                    done = True
                    await self._judged(kept)
                return message
            chunk = message.get("body", b"")
            last = not message.get("more_body", False)
            if kept is None:
                if last and not chunk:
                    return message
                kind = self._inbound.headers.get(b"content-type", b"")
                kept = Kept(kind, self._inspection.most)
                if b"content-encoding" in self._inbound.headers:
                    self._owner.told_unseen(self._inbound)  # compressed: nobody can read it here
            before = kept.unseen
            try:
                kept.feed(chunk, last=last)
            except Exception:
                done = True
                if self._owner.failed(self._inbound):
                    log.exception(FAILED, self._owner.failures, self._inbound.plan.template)
            if kept.unseen and not before:
                self._owner.told_unseen(self._inbound)
            if not done and (last or kept.full):
                done = True
                if await self._judged(kept):
                    self._inbound.refusal = REFUSED
                    raise body_refused(REFUSED)
            return message

        return received

    async def _judged(self, kept: Kept) -> bool:
        self.unseen = kept.unseen
        return await self.at(kept.sources)

    def frames(self, receive: Receive, send: Send) -> Receive:
        """The same for the messages of a websocket; one event of a kind for each connection."""

        async def received() -> Message:
            message = await receive()
            text = message.get("text") if message["type"] == "websocket.receive" else None
            if not text:
                return message
            most = self._inspection.most
            self.unseen = max(0, len(text) - most)
            if self.unseen:
                self._owner.told_unseen(self._inbound)
            text = text[:most]
            if not await self.at(lambda: [_message(text)]):
                return message
            await send({"type": "websocket.close", "code": 1008, "reason": REFUSED.title})
            return {"type": "websocket.disconnect", "code": 1008, "reason": REFUSED.title}

        return received

    def probed(self, send: Send) -> Send:
        """``send``; tells where the answer to a path that is only asked for by scanners is 404."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 404:
                self._owner.tell(
                    told(
                        self._inbound,
                        Attack.SCANNER,
                        place="path",
                        text=self._inbound.scope["path"],
                        weight=4,
                        status=404,
                    )
                )
            await send(message)

        return sent

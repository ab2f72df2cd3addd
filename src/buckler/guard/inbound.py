"""What guard knows of the request at hand, kept in the scope so that every layer sees the same."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from buckler.guard.limits.body import Counter
    from buckler.guard.plans import Plan
    from buckler.guard.refusal import Refusal

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
Instead = Callable[["Inbound", Message], Awaitable[None]]
KEY: Final = "buckler"
"""Where the scope holds it."""
_ENCRYPTED: Final = frozenset(("https", "wss"))
HTTPS: Final = 1
PERSONAL: Final = 2
"""Flags: it goes out encrypted; it belongs to somebody (a credential came with the request)."""
CREDENTIALS: Final = frozenset((b"cookie", b"authorization", b"x-api-key"))
"""Headers that are a credential whatever the application declares."""
_TELLING: Final = CREDENTIALS | {b"transfer-encoding", b"origin"}
ENDED: Final[Scope] = {}
"""What an inbound holds instead of its scope when the request is over."""


class Inbound:
    """One request or connection.

    Attributes:
        scope: Of ASGI.
        outer: The same request as a layer further out sees it, or None.
        headers: By name; of one that came twice, the last value.
        plan: What holds for its route.
        receive: Gives the messages of the request.
        short: Bytes of a whole body that passes no bound.
        counter: Of a body that is longer.
        send: Takes an answer's messages, past everything that guard does to them.
        client: Address of the caller, seen through configured proxies alone.
        flags: :data:`HTTPS` and :data:`PERSONAL`, added up.
        quiet: Whether it has no credential, no origin and no ``Transfer-Encoding``.
        arrived: When it came, in seconds of :func:`time.monotonic`.
        more: Headers that the answer gets for this request (limits, CORS).
        refusal: Why the application's answer is not sent.
        started: Whether the application's answer began.
        replaced: Whether guard answered instead.
        begun: Whether the application began an answer that guard's own took the place of.
        principal: Who is signed in, once that is known.
        counted: Principals that were counted for this request.
    """

    __slots__ = (
        *(
            "arrived",
            "begun",
            "client",
            "counted",
            "counter",
            "flags",
            "headers",
            "more",
            "outer",
            "plan",
            "principal",
            "quiet",
            "receive",
            "refusal",
        ),
        *("replaced", "scope", "send", "short", "started", "_id", "_instead", "_nonce"),
    )
    receive: Receive
    short: int
    counter: Counter | None
    _id: str
    _nonce: str

    def __init__(self, scope: Scope, plan: Plan, send: Send, instead: Instead) -> None:
        self.scope = scope
        self.outer: Inbound | None = scope.get(KEY)
        self.plan = plan
        self.send = send
        self._instead = instead
        self.arrived = monotonic()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        self.headers = headers
        peer = scope.get("client")
        self.client: str = peer[0] if peer else ""
        secure = HTTPS if scope.get("scheme") in _ENCRYPTED else 0
        self.quiet = quiet = _TELLING.isdisjoint(headers)
        self.flags = secure if quiet or CREDENTIALS.isdisjoint(headers) else secure | PERSONAL
        self.more: tuple[tuple[bytes, bytes], ...] = plan.more
        self.refusal: Refusal | None = None
        self.started = self.replaced = self.begun = False
        self.principal = self._id = self._nonce = ""
        self.counted: tuple[str, ...] = ()

    async def read(self) -> Message:
        """A message of the request, for the application; raises where its body passes a bound."""
        receive = self.receive
        message = await receive()
        if len(message.get("body", b"")) <= self.short and not message.get("more_body"):
            return message  # one that says that the caller has gone, too
        body = self.plan.body
        if body is not None:
            await body.look(self, message)
        return message

    def answer(self, message: Message) -> Awaitable[None]:
        """Send a message of the application's answer, its headers completed."""
        if self.refusal is not None:
            instead = self._instead
            return instead(self, message)
        if message["type"] == "http.response.start":
            self.started = True
            headers = self.plan.writer.complete(self, message.get("headers") or [])
            message = dict(message)  # an application may send the same one again
            message["headers"] = headers
        send = self.send  # called as a method, an attribute that holds a function costs more
        return send(message)

    async def answered(self, message: Message) -> None:
        """The same as a coroutine, where a server's own ``send`` gives something else to be awaited."""
        await self.answer(message)

    @property
    def https(self) -> bool:
        """Whether it came encrypted."""
        return bool(self.flags & HTTPS)

    @property
    def id(self) -> str:
        """Number of the request, made when it is first asked for; one for all layers around it."""
        if self.outer is not None:
            return self.outer.id
        if not self._id:
            self._id = secrets.token_hex(8)
        return self._id

    @property
    def has_nonce(self) -> bool:
        """Whether the nonce was handed out already."""
        return bool(self._nonce) if self.outer is None else self.outer.has_nonce

    @property
    def nonce(self) -> str:
        """For scripts of this answer (CSP3, 7.1: 128 random bits at least); one for all layers."""
        if self.outer is not None:
            return self.outer.nonce
        if not self._nonce:
            self._nonce = secrets.token_urlsafe(18)
        return self._nonce


async def gone() -> Message:
    """What an application hears that listens when it has come back already."""
    return {"type": "http.disconnect"}


async def over(message: Message) -> None:
    """Where messages go that an application sends when it has come back already."""
    del message


def of(scope: Mapping[str, Any]) -> Inbound | None:
    """What guard knows of a request, or None where no guard stands around it."""
    found = scope.get(KEY)
    return found if isinstance(found, Inbound) else None


def request_id(request: Any) -> str:
    """Number of a request, as the security log and the problem details show it.

    Args:
        request: Anything with a ``scope``: Starlette's ``Request`` or ``WebSocket``, or the scope.

    Returns:
        16 hexadecimal digits; empty where no guard stands around the application.
    """
    found = of(_scope(request))
    return found.id if found else ""


async def identify(request: Any, principal: str) -> None:
    """Say who is signed in, for the security log, the cache headers and rates by principal.

    Two dependencies may both say it: one request counts once for one principal.

    Args:
        request: Anything with a ``scope``, or the scope.
        principal: A name that stays the same for one account; not its secret.

    Raises:
        starlette.exceptions.HTTPException: 429, where a rate by principal is used up.
    """
    found = of(_scope(request))
    while found is not None:  # every layer has headers and rates of its own
        await _identified(found, principal)
        found = found.outer


async def _identified(found: Inbound, principal: str) -> None:
    found.principal = principal
    found.flags |= PERSONAL
    if principal not in found.counted:
        # Before it is counted: of two that say so at once, one waits for a store elsewhere.
        found.counted += (principal,)
        for rate in found.plan.personal:
            refusal = await rate.wait(found)
            if refusal is not None:
                found.refusal = refusal
                break
    if found.refusal is not None:
        from buckler.guard.limits.body import body_refused

        raise body_refused(found.refusal)


def csp_nonce(request: Any) -> str:
    """The nonce for ``<script nonce="...">`` in the answer to this request.

    Args:
        request: Anything with a ``scope``, or the scope.
    """
    found = of(_scope(request))
    return found.nonce if found else ""


def _scope(request: Any) -> Mapping[str, Any]:
    scope = getattr(request, "scope", request)
    return scope if isinstance(scope, Mapping) else {}

"""What guard knows of the request at hand, kept in the scope so that every layer sees the same."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from buckler.guard.plans import Plan
    from buckler.guard.refusal import Refusal

Scope = MutableMapping[str, Any]
KEY: Final = "buckler"
"""Where the scope holds it."""
_ENCRYPTED: Final = frozenset(("https", "wss"))
HTTPS: Final = 1
PERSONAL: Final = 2
"""Flags: it goes out encrypted; it belongs to somebody (a credential came with the request)."""
ALWAYS_PERSONAL: Final = frozenset((b"cookie", b"authorization", b"x-api-key"))
"""Headers that are a credential whatever the application declares."""
ENDED: Final[Scope] = {}
"""What an inbound holds instead of its scope when the request is over."""


class Inbound:
    """One request or connection.

    Attributes:
        scope: Of ASGI.
        headers: By name; of one that came twice, the last value.
        plan: What holds for its route.
        client: Address of the caller, seen through configured proxies alone.
        flags: :data:`HTTPS` and :data:`PERSONAL`, added up.
        more: Headers that the answer gets for this request (limits, CORS).
        refusal: Why the application's answer is not sent.
        started: Whether the application's answer began.
        replaced: Whether guard answered instead.
        principal: Who is signed in, once that is known.
        counted: Principals that were counted for this request.
    """

    # Defaults of the class: most requests never set them, and a request has microseconds.
    more: tuple[tuple[bytes, bytes], ...] = ()
    refusal: Refusal | None = None
    started = False
    replaced = False
    principal = ""
    counted: tuple[str, ...] = ()
    _id = ""
    _nonce = ""

    def __init__(self, scope: Scope, headers: Mapping[bytes, bytes], plan: Plan) -> None:
        self.scope = scope
        self.headers = headers
        self.plan = plan
        peer = scope.get("client")
        self.client: str = peer[0] if peer else ""
        self.flags = HTTPS if scope.get("scheme") in _ENCRYPTED else 0
        if b"cookie" in headers or b"authorization" in headers or b"x-api-key" in headers:
            self.flags |= PERSONAL

    @property
    def https(self) -> bool:
        """Whether it came encrypted."""
        return bool(self.flags & HTTPS)

    @property
    def id(self) -> str:
        """Number of the request, made when it is first asked for."""
        if not self._id:
            self._id = secrets.token_hex(8)
        return self._id

    @property
    def has_nonce(self) -> bool:
        """Whether the nonce was handed out already."""
        return bool(self._nonce)

    @property
    def nonce(self) -> str:
        """For scripts of this answer (CSP3, 7.1: 128 random bits at least)."""
        if not self._nonce:
            self._nonce = secrets.token_urlsafe(18)
        return self._nonce


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
    if found is None:
        return
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

"""One call with its redirects: how many there were, whether another origin was entered, when it has to end.

The clients copy a request's ``extensions`` into the one that follows a redirect; that is where it is kept, so
that the transport, which sees single requests, can judge the whole (CWE-601, CWE-200; Fetch, HTTP-redirect fetch).
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from buckler.guard.egress.bodies import ACCEPTED, Headers
from buckler.guard.egress.errors import RedirectRefused, TooSlow
from buckler.guard.egress.policy import EgressPolicy

KEY: Final = "buckler.egress"
Origin = tuple[str, str, int | None]
ENDS: ContextVar[float] = ContextVar("ends")
"""When the call of this thread has to be over; for streams, which do not know whose they are."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Where a call has got to.

    Attributes:
        request: The request that is under way.
        origin: Its scheme, host and port.
        hops: Redirects before it.
        crossed: Whether any of them led to another origin.
        ends: When it has to be over, on the clock of ``time.monotonic``.
    """

    request: weakref.ref[Any]
    origin: Origin
    hops: int
    crossed: bool
    ends: float

    def left(self) -> float:
        """Seconds that are left, or less than nothing."""
        return self.ends - time.monotonic()

    def end(self, policy: EgressPolicy) -> TooSlow:
        """What to raise when the time is over; it is told to the listener first."""
        try:
            policy.refuse(
                TooSlow("the call took longer than allowed", reason="time"), self.origin[1]
            )
        except TooSlow as error:
            return error


def enter(
    policy: EgressPolicy, request: Any, extensions: MutableMapping[str, Any], origin: Origin
) -> Chain:
    """Begin a call, or go on with one after a redirect.

    Raises:
        RedirectRefused: It is one too many, or leads from https to http.
    """
    before = extensions.get(KEY)
    if not isinstance(before, Chain) or before.request() is request:
        ends = time.monotonic() + policy.timeout
        chain = Chain(weakref.ref(request), origin, 0, False, ends)
    else:
        crossed = before.crossed or before.origin != origin
        chain = Chain(weakref.ref(request), origin, before.hops + 1, crossed, before.ends)
        if before.origin[0] == "https" and origin[0] != "https":
            error = RedirectRefused("a redirect leads away from https", reason="downgrade")
            policy.refuse(error, origin[1])
        if chain.hops > policy.max_redirects:
            policy.refuse(RedirectRefused("too many redirects", reason="redirects"), origin[1])
    extensions[KEY] = chain
    return chain


def outgoing(policy: EgressPolicy, chain: Chain, headers: Headers) -> Headers:
    """The headers that are sent: no credentials on another origin, only encodings that are counted."""
    dropped = {b"accept-encoding"}
    if chain.crossed:
        dropped |= {name.encode() for name in policy.credentials}
    kept = [(k, v) for k, v in headers if k.lower() not in dropped]
    return [*kept, (b"Accept-Encoding", ACCEPTED)]


def bounded(timeout: float | None, end: Callable[[], Exception]) -> float | None:
    """A timeout of one operation, shortened to what is left of the whole.

    Raises:
        Exception: What ``end`` makes, where nothing is left.
    """
    ends = ENDS.get(None)
    if ends is None:
        return timeout
    left = ends - time.monotonic()
    if left <= 0:
        raise end()
    return left if timeout is None else min(timeout, left)

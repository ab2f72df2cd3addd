"""What is inspected, and what becomes of a request that holds an attack: the options, as one value.

Threat: somebody tries one attack after the other and nobody sees it before one of them works (CWE-778).
An early warning: what closes a hole is a bound parameter, a checked value (``guard.validate``), a client
that calls nothing inside (``guard.egress``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from buckler.guard.inspection.engine import engine
from buckler.guard.inspection.sign import Attack, names
from buckler.guard.options import GuardError, header_value, size, texts

ACTIONS: Final = ("log", "refuse")
Action = Literal["log", "refuse"]
HEADERS: Final = ("user-agent", "referer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """Looks for attacks in the values of requests.

    Attributes:
        kinds: Names of :class:`Attack` that are looked for; None: all.
        without: Names that are not looked for.
        action: ``log`` tells an event of the kind ``request.attack_seen``; ``refuse`` also answers 403
            and tells the caller nothing.
        headers: Names of headers that are looked at, beside path, query, cookies and body.
        body: Bytes of a body, and of a websocket's message, that are looked at, files in forms not
            counted. What lies behind is told in the log and in the event.

    Raises:
        GuardError: An option is wrong, or google-re2 is not installed (the ``inspect`` extra).
    """

    kinds: Sequence[Attack | str] | None = None
    without: Sequence[Attack | str] = ()
    action: Action = "log"
    headers: Sequence[str] = HEADERS
    body: int | str = "128 KiB"
    wanted: frozenset[Attack] = field(init=False, repr=False, compare=False)
    most: int = field(init=False, repr=False, compare=False)
    named: frozenset[bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise GuardError(
                f"action: {self.action!r} is not one of {', '.join(ACTIONS)}",
                hint="write action='log', or action='refuse'",
            )
        object.__setattr__(self, "headers", texts(self.headers, "headers", "user-agent"))
        kinds = frozenset(Attack) if self.kinds is None else names(self.kinds, "kinds")
        object.__setattr__(self, "wanted", kinds - names(self.without, "without"))
        object.__setattr__(self, "most", size(self.body, "body"))
        named = frozenset(header_value(name, "headers").lower() for name in self.headers)
        object.__setattr__(self, "named", named)
        engine()  # made now: a missing package is told where it is written, no request waits for it

    def but(self, kinds: Sequence[Attack | str]) -> Inspection:
        """The same without some kinds more."""
        return replace(self, without=(*self.without, *kinds))

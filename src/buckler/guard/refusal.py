"""An answer that guard gives instead of the application, as a value."""

from __future__ import annotations

from dataclasses import dataclass, field

from buckler.guard.audit.events import EventKind


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request goes no further.

    Attributes:
        status: Of the answer.
        title: What the caller is told; nothing of the input, nothing of the inside.
        kind: The security event.
        reason: The event's word.
        headers: More for the answer, e.g. ``Retry-After``.
        detail: More for the event.
    """

    status: int
    title: str
    kind: EventKind
    reason: str
    headers: tuple[tuple[bytes, bytes], ...] = ()
    detail: dict[str, str | int] = field(default_factory=dict)

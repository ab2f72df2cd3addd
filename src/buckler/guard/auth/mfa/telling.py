"""What the security log is told of second factors (ASVS 5.0 V16.3.1, V16.3.3)."""

from __future__ import annotations

from collections.abc import Callable

from buckler.guard.audit.events import EventKind, Listener, SecurityEvent, Severity
from buckler.guard.audit.teller import Teller
from buckler.guard.options import check_listener


class Telling:
    """Tells what happened to an account's factors.

    Args:
        tell: Takes the events.
        clock: Seconds since 1970.

    Raises:
        GuardError: ``tell`` cannot be told.
    """

    __slots__ = ("_clock", "_tell")

    def __init__(self, tell: Listener, clock: Callable[[], float]) -> None:
        check_listener(tell, "tell")
        self._tell = Teller(tell)
        self._clock = clock

    def __call__(
        self,
        kind: EventKind,
        reason: str,
        message: str,
        user_id: str,
        *,
        by: str = "",
        client: str = "",
        severity: Severity | None = None,
        **detail: str | int | bool,
    ) -> None:
        """Tell one thing.

        Args:
            kind: What happened.
            reason: A stable word for why.
            message: One sentence; nothing that came with the request.
            user_id: Whose factor it is; empty where that is not known.
            by: Who did it, where it was not the owner.
            client: Address of the caller.
            severity: Else what the kind weighs.
            detail: More, by name.
        """
        subject = {"subject": user_id} if by and user_id else {}
        self._tell(
            SecurityEvent(
                kind=kind,
                reason=reason,
                message=message,
                severity=severity,
                time=self._clock(),
                client=client,
                principal=by or user_id,
                detail={**subject, **detail},
            )
        )

"""What is told, and what a channel is."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from buckler.core.errors import BucklerError, UsageError

Level = Literal["info", "notice", "warning", "error", "alert"]


class NotifyError(UsageError):
    """An option of a channel is wrong; raised when the channel is made, never when it sends."""

    code = "notify.option"


class DeliveryError(BucklerError):
    """A notification did not arrive. Its text holds no secret of the channel.

    Args:
        message: What happened.
        retry: Whether another try may help.
        after: Seconds that the other side asked to wait (``Retry-After``), else 0.
        hint: What to do.
    """

    code = "notify.delivery"

    def __init__(
        self, message: str, *, retry: bool = True, after: float = 0, hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry = retry
        self.after = after


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One thing to tell.

    Attributes:
        title: One line for people.
        text: More, in plain text; lines are kept.
        level: How much it matters, in the words of syslog (RFC 5424, 6.2.1).
        kind: A stable word for programs, e.g. ``alarm.spraying``.
        fields: Facts by name.
        time: Seconds since 1970, UTC.
        id: The same at every try, so that a receiver can drop what comes twice.
    """

    title: str
    text: str = ""
    level: Level = "warning"
    kind: str = "notification"
    fields: Mapping[str, str | int | float] = field(default_factory=dict)
    time: float = field(default_factory=time.time)
    id: str = field(default_factory=lambda: f"msg_{uuid.uuid4().hex}")


class Channel(Protocol):
    """A way to tell. One try for each call: :class:`~buckler.notify.Dispatcher` tries again."""

    @property
    def name(self) -> str:
        """For logs and figures; holds no secret."""

    def send(self, notification: Notification) -> None:
        """Send once; comes back within the channel's time limit.

        Raises:
            DeliveryError: It did not arrive, or nobody knows whether it did.
        """

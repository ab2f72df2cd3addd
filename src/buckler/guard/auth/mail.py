"""Mail to the owners of accounts, sent behind the answer.

Threat: an answer that takes longer where an account exists, since it waits for a mail server (CWE-208; ASVS 5.0
V6.3.8). What is sent, and whether anything is, is worked out after the caller was answered. And a mail server that takes
a connection and says nothing, until as many mails hang as may be under way and no other is ever sent (CWE-400).
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from buckler.guard.audit.events import EventKind, Listener, SecurityEvent
from buckler.guard.options import GuardError, count, positive

PENDING: Final = 1_000
SECONDS: Final = 60.0
"""That a mail may take."""
log: Final = logging.getLogger("buckler.guard")


class MailKind(StrEnum):
    """What a mail is about."""

    VERIFY = "verify"
    """Follow the link to show that the address is yours."""
    NAME_TAKEN = "name_taken"
    """Somebody, perhaps you, signed up with your address; you have an account. The link resets its password."""
    RESET = "reset"
    """Follow the link to choose a new password. If it was not you, do nothing."""
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a name
    """Your password was changed. If it was not you, reset it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What has to be sent.

    Attributes:
        kind: Which text.
        to: The account's name, to which it goes where names are addresses.
        user_id: The account.
        link: To follow; empty where there is none.
        token: That the link carries, for an application that shows it otherwise; not in ``repr``.
    """

    kind: MailKind
    to: str
    user_id: str
    link: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


Deliver = Callable[[Mail], Awaitable[None]]


class Outbox:
    """Does what is to be done behind an answer; on asyncio and trio.

    Args:
        tell: Gets an event where it fails or is not done.
        pending: How many may be under way.
        seconds: That each of them may take.

    Raises:
        GuardError: An option is none.
    """

    __slots__ = ("_doing", "_pending", "_seconds", "_tell")

    def __init__(self, tell: Listener, *, pending: int = PENDING, seconds: float = SECONDS) -> None:
        self._tell = tell
        self._seconds = positive(seconds, "seconds")
        self._pending = count(pending, "pending")
        # Held here, since asyncio alone does not keep a task that nobody waits for.
        self._doing: set[Any] = set()

    def put(self, work: Callable[[], Awaitable[None]]) -> None:
        """Begin it and come back at once."""
        if len(self._doing) >= self._pending:
            self._say("mail_dropped", "Too many mails are under way; one was not sent.")
            return
        key = object()
        self._doing.add(key)
        behind(self._do, key, work)

    async def drain(self) -> None:
        """Wait until all is done: at the end of the application."""
        from anyio import sleep

        while self._doing:
            await sleep(0.01)

    async def _do(self, key: object, work: Callable[[], Awaitable[None]]) -> None:
        from anyio import fail_after

        try:
            with fail_after(self._seconds):
                await work()
        except Exception as error:
            log.exception("mail: what was to be done behind an answer failed")
            self._say("mail_failed", "A mail could not be sent.", type(error).__name__)
        finally:
            self._doing.discard(key)

    def _say(self, reason: str, message: str, why: str = "") -> None:
        self._tell(
            SecurityEvent(
                kind=EventKind.FAILED, reason=reason, message=message, detail={"why": why}
            )
        )


_TASKS: set[Any] = set()


def behind(work: Callable[..., Awaitable[None]], *args: Any) -> None:
    """Do something behind the answer, on asyncio or trio; it takes care of its own errors."""
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        trio.lowlevel.spawn_system_task(work, *args)
        return
    task = asyncio.ensure_future(work(*args))
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)


async def undelivered(mail: Mail) -> None:
    """Where no mail can be sent: the log says that one was due, not to whom, and not its link."""
    log.warning("mail: %s was due, and AuthPolicy(deliver=...) is not set", mail.kind)


def check_deliver(deliver: Any) -> None:
    """Look whether something can send mail.

    Raises:
        GuardError: It cannot be called.
    """
    if not callable(deliver) or isinstance(deliver, type):
        raise GuardError(
            "deliver takes an async function of one Mail",
            hint="async def deliver(mail: Mail) -> None: ...",
        )

"""What hangs on a sign-in and ends with it: parts that are built on identities say so here.

Threat: a session that ended here and goes on elsewhere (CWE-613; ASVS 5.0 V7.4).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from buckler.guard.stores.records import Session


@dataclass(slots=True)
class Endings:
    """Each is awaited in turn; what it raises is raised.

    Attributes:
        signed_out: With the session that somebody ended on purpose.
        everywhere: With the account whose sessions were ended, and the id of the one that stays, or empty.
        application: At the end of the application, each for some seconds: what is still under way behind answers.
    """

    signed_out: list[Callable[[Session], Awaitable[None]]] = field(default_factory=list)
    everywhere: list[Callable[[str, str], Awaitable[None]]] = field(default_factory=list)
    application: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    async def session_ended(self, session: Session) -> None:
        """A session ended on purpose: what hangs on it ends, too."""
        for react in self.signed_out:
            await react(session)

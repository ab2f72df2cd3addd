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
        everywhere: With the account all of whose sessions were ended.
        application: At the end of the application, each for some seconds: what is still under way behind answers.
    """

    signed_out: list[Callable[[Session], Awaitable[None]]] = field(default_factory=list)
    everywhere: list[Callable[[str], Awaitable[None]]] = field(default_factory=list)
    application: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

"""How far a project comes to something: the levels, and the way that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How far, furthest first."""

    ROUTE = "route"
    """A request comes to a call of what has the weakness."""
    CALLED = "called"
    """The project calls what has the weakness: at start-up, in a task or a script; no request was seen to come there."""
    ENTERED = "entered"
    """A request comes to a call of the package; nobody says what of it has the weakness."""
    IMPORTED = "imported"
    """The project imports the package."""
    BROUGHT = "brought"
    """What the project imports or runs brings it, or uses it where it is installed."""
    UNKNOWN = "unknown"
    """There is no source, or nobody says who brings it."""
    NOT_CALLED = "not-called"
    """The project imports the package, nothing else uses it, and nothing in the project leads to what has the weakness."""
    UNSEEN = "unseen"
    """Nothing that was read comes to it."""

    @property
    def rank(self) -> int:
        """0 for the furthest."""
        return tuple(Level).index(self)

    @property
    def lowers(self) -> bool:
        """Whether a weakness is a step less bad by it."""
        return self in (Level.NOT_CALLED, Level.UNSEEN)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a project comes to a package or a weakness.

    Attributes:
        level: The furthest that was seen.
        steps: Where: (file, 1-based line, what stands there); of ``brought`` the import of who brings it, of ``route``
            and ``called`` each call from the beginning to what has the weakness.
        by: The package that brings it; empty where the project imports it by itself.
        operation: ``GET /items`` where a request comes to it by a route.
    """

    level: Level
    steps: tuple[tuple[str, int, str], ...] = ()
    by: str = ""
    operation: str = ""

    @property
    def is_way(self) -> bool:
        """Whether the steps are calls, the first of which begins it all."""
        return self.level in (Level.ROUTE, Level.CALLED, Level.ENTERED)

    @property
    def place(self) -> str:
        """``file:line`` of the last step; empty where there is none."""
        return f"{self.steps[-1][0]}:{self.steps[-1][1]}" if self.steps else ""

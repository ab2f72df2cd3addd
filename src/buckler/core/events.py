"""What engines say while they work. Reports, the progress line and watch listen to these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from buckler.core.finding import Finding


@dataclass(frozen=True, slots=True)
class Event:
    """Anything an engine has to say."""


@dataclass(frozen=True, slots=True)
class EngineStarted(Event):
    """An engine begins."""

    engine: str


@dataclass(frozen=True, slots=True)
class EngineFinished(Event):
    """An engine is done after ``seconds`` of wall time."""

    engine: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Progress(Event):
    """How far an engine is: ``done`` of ``total`` operations or files."""

    engine: str
    done: int
    total: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class FindingFound(Event):
    """A finding, as soon as it is known."""

    finding: Finding


@dataclass(frozen=True, slots=True)
class GapFound(Event):
    """Something that was not looked at.

    Attributes:
        what: The thing: ``POST /import``, ``app/legacy.py``, ``process start``.
        why: The reason, in words.
        how_to_include: What the user can do about it; may be empty.
    """

    what: str
    why: str
    how_to_include: str = ""

    def as_dict(self) -> dict[str, str]:
        """The JSON shape of the report."""
        return {"what": self.what, "why": self.why, "how_to_include": self.how_to_include}


@dataclass(frozen=True, slots=True)
class Note(Event):
    """A line for the log (``--verbose``)."""

    engine: str
    text: str


Listener = Callable[[Event], None]

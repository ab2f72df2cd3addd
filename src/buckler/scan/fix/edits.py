"""What a fixer hands back: the smallest changes of text that close one weakness.

A repair that printed a file anew from its tree would lose comments and layout, and nobody could
review it. So a repair is a list of replaced pieces of text, and imports that it needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from buckler.core.errors import RepairError


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """One piece of text put in the place of another.

    Attributes:
        start: Offset of the first character that goes, in characters of the decoded text.
        end: Offset behind the last one; equal to ``start`` where nothing goes.
        text: What stands there afterwards, with the file's own line ends.
    """

    start: int
    end: int
    text: str

    def collides(self, other: Edit) -> bool:
        """Whether both touch the same characters, or insert at the same place."""
        if self.start == self.end == other.start == other.end:
            return True
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class FileRepair:
    """What changes in one file.

    Attributes:
        path: Relative to the project's folder, with ``/``.
        edits: In any order; they do not overlap.
        imports: Statements that the file needs at its top: ``import hmac``, ``from a import b as c``.
        created: The whole text of a file that there is not yet; None for one that there is.
    """

    path: str
    edits: tuple[Edit, ...] = ()
    imports: tuple[str, ...] = ()
    created: str | None = None


EVERY = "*"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the answers to ordinary requests a repair changes on purpose; all else must stay.

    Attributes:
        without: Names of fields that answers come without.
        refused: Operations that answer nobody any more who does not sign in; whoever does still gets in.
            ``EVERY`` where a check is closed and nobody knows which operations it stands before.
        rerouted: Operations that another handler answers.
        closed: File and line of code that let requests pass, whoever sent them: what passed by it alone is refused.
    """

    without: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    rerouted: frozenset[str] = frozenset()
    closed: frozenset[tuple[str, int]] = frozenset()

    def also(self, other: Wanted) -> Wanted:
        """What two repairs change together."""
        return Wanted(
            self.without | other.without,
            self.refused | other.refused,
            self.rerouted | other.rerouted,
            self.closed | other.closed,
        )


@dataclass(frozen=True, slots=True)
class Move:
    """One package from one version to another."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Repair:
    """How one finding is closed.

    Attributes:
        files: What changes, file by file.
        summary: What is changed, in a few words: ``binds q to the statement``.
        safe: Whether it may be applied without a person looking at it.
        changes: What legitimate clients or the operator will see; empty where nothing.
        wanted: What of it shows in the answers to ordinary requests.
        shown: What was shown of it before it is tried, in words.
        unshown: What could not be shown, and why.
        moves: Packages that get another version.

    Raises:
        RepairError: A repair that is not safe does not say what it changes, or there is nothing
            in it.
    """

    files: tuple[FileRepair, ...]
    summary: str
    safe: bool = True
    changes: str = ""
    wanted: Wanted = Wanted()
    shown: tuple[str, ...] = ()
    unshown: tuple[str, ...] = ()
    moves: tuple[Move, ...] = ()

    def __post_init__(self) -> None:
        if not self.safe and not self.changes:
            raise RepairError(
                "a repair to be reviewed says nothing of what it changes",
                hint="give it `changes`: what clients or the operator will see",
            )
        if not any(file.edits or file.created is not None for file in self.files):
            raise RepairError("a repair changes nothing", hint="give None where there is none")


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made.

    Args:
        text: As it is.
        edits: In any order. Of those that insert at one place, the first given stands first.

    Raises:
        RepairError: Two of them touch the same characters, or one lies outside of the text.
    """
    parts: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda item: (item.start, item.end)):
        if not at <= edit.start <= edit.end <= len(text):
            raise RepairError(
                f"two edits touch the same text at character {edit.start}",
                hint="run `buckler fix` again for the second one",
            )
        parts += (text[at : edit.start], edit.text)
        at = edit.end
    return "".join((*parts, text[at:]))


def collide(some: Sequence[Edit], others: Sequence[Edit]) -> bool:
    """Whether any edit of one repair is in the way of another repair's; equal ones are not."""
    return any(a.collides(b) for a in some for b in others if a != b or a.start == a.end)

"""Where input comes from, what was computed from it, and the way it took to a sink."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Source:
    """Where input enters.

    Attributes:
        kind: ``query``, ``path``, ``header``, ``cookie``, ``json``, ``form``, ``file``, ``filename``,
            ``body``, ``message``; of lower confidence ``database`` and ``answer`` (of a third party);
            ``exception``, ``host`` (the Host header), ``secret``, ``token`` (what an unchecked one
            says), ``random`` (of a generator that can be foretold).
        name: Name or dotted path, as slots are named.
        path: File, relative to the project.
        line: 1-based.
        text: The line's own code.
    """

    kind: str
    name: str
    path: str
    line: int
    text: str = ""

    @property
    def slot(self) -> str:
        """``where:name``, as findings name it; empty where it is no slot of a request."""
        name = self.name.removesuffix(":path")
        return f"{self.kind}:{name}" if self.kind in SLOTS and name not in ("", "*") else ""

    @property
    def direct(self) -> bool:
        """Whether the request itself brings it."""
        return self.kind in SLOTS or self.kind == "host"


SLOTS = frozenset(
    {"query", "path", "header", "cookie", "json", "form", "file", "filename", "body", "message"}
)


class Token:
    """One input, or one thing computed from it; a check of a token clears whatever holds it."""

    __slots__ = ("how", "made", "parent", "source")

    def __init__(self, source: Source, parent: Token | None = None, how: str = "") -> None:
        self.source = source
        self.parent = parent
        self.how = how
        self.made: dict[Any, Token] = {}

    def ways(self) -> Iterator[tuple[str, Any]]:
        """How it came about, and where or of what; the last step first."""
        token: Token = self
        while token.parent is not None:
            for (how, where), made in token.parent.made.items():
                if made is token:
                    yield how, where
            token = token.parent

    def back(self) -> Iterator[Token]:
        """The token and all that it was made of, the input itself last."""
        token: Token | None = self
        while token is not None:
            yield token
            token = token.parent

    def derived(self, how: str, where: Any) -> Token:
        """What an operation at a place makes of this one; the same token each time."""
        depth, up = 0, self
        while up.parent is not None:
            depth, up = depth + 1, up.parent
            if depth > 20:
                return self
        key = (how, where)
        if key not in self.made:
            self.made[key] = Token(self.source, self, how)
        return self.made[key]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path, and the one before it."""

    before: Step | None
    path: str
    line: int
    what: str

    def steps(self) -> list[Step]:
        """All steps, the first one first."""
        made: list[Step] = []
        step: Step | None = self
        while step is not None:
            made.append(step)
            step = step.before
        return made[::-1]

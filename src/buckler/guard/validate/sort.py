"""The order of a list, by names that are public (CWE-89, CWE-20; ASVS 5.0 V1.2.4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from buckler.guard.options import GuardError
from buckler.guard.validate.marker import Marker, refusal


class Sort:
    """An order that was asked for.

    Attributes:
        name: The public one.
        column: What it stands for.
        descending: Whether the largest come first.
    """

    __slots__ = ("column", "descending", "name")

    def __init__(self, name: str, column: Any, *, descending: bool = False) -> None:
        self.name = name
        self.column = column
        self.descending = descending

    def __str__(self) -> str:
        """As it is written in a query (JSON:API 1.1, sorting)."""
        return f"-{self.name}" if self.descending else self.name

    def __repr__(self) -> str:
        return f"Sort({str(self)!r})"


class SortField(Marker):
    """Names to sort by: ``Annotated[Sort, SortField({"name": User.name, "since": User.created_at})]``.

    ``name`` is ascending, ``-name`` descending (JSON:API 1.1, sorting).

    Args:
        allowed: Public names with what they stand for (a column, or its name), or names alone.

    Raises:
        GuardError: There is no name, or one begins with ``-``.
    """

    __slots__ = ("allowed",)

    def __init__(self, allowed: Mapping[str, Any] | Collection[str]) -> None:
        if isinstance(allowed, str):
            raise GuardError(f"SortField takes several names: [{allowed!r}]")
        pairs = allowed if isinstance(allowed, Mapping) else {name: name for name in allowed}
        if not pairs or any(not name or name.startswith("-") for name in pairs):
            raise GuardError("SortField needs names, without '-' before them")
        super().__init__(1, max(len(name) for name in pairs) + 1)
        self.allowed = dict(pairs)

    def check(self, text: str) -> Sort:
        """The order."""
        name = text.removeprefix("-")
        if name not in self.allowed:
            raise refusal("sort_field", f"is none of {', '.join(self.allowed)}")
        return Sort(name, self.allowed[name], descending=text.startswith("-"))

    def shown(self) -> dict[str, Any]:
        """All that may be sent."""
        return {"enum": [form for name in self.allowed for form in (name, f"-{name}")]}

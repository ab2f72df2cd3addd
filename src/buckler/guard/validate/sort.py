"""The order of a list, by names that are public (CWE-89, CWE-20; ASVS 5.0 V1.2.4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from buckler.guard.options import GuardError
from buckler.guard.validate.marker import Marker, refusal
from buckler.guard.validate.order import Sort


class SortField(Marker):
    """Names to sort by: ``Annotated[Sort, SortField({"name": User.name, "since": User.created_at})]``.

    ``name`` is ascending, ``-name`` descending (JSON:API 1.1, sorting). For a default keep the mark:
    ``BY = SortField([...])``, ``order: Annotated[Sort, BY] = BY.check("-since")``.

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

    def again(self, value: Any) -> str | None:
        """The order as it is sent."""
        return str(value) if isinstance(value, Sort) else None

    def shown(self) -> dict[str, Any]:
        """All that may be sent."""
        return {"enum": [form for name in self.allowed for form in (name, f"-{name}")]}

"""An order that was asked for and is on the list."""

from __future__ import annotations

from typing import Any, Self


class Sort(str):
    """An order; as a text it is what was sent, ``-name`` or ``name`` (JSON:API 1.1, sorting).

    Attributes:
        name: The public one.
        column: What it stands for.
        descending: Whether the largest come first.
    """

    __slots__ = ("column", "descending", "name")
    name: str
    column: Any
    descending: bool

    def __new__(cls, name: str, column: Any, *, descending: bool = False) -> Self:
        """Made by SortField, or for a test."""
        made = super().__new__(cls, f"-{name}" if descending else name)
        made.name = name
        made.column = column
        made.descending = descending
        return made

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # FastAPI copies defaults; a column must stay the one it is.
        return self

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Without a SortField no text is an order; written it is a text."""
        from pydantic_core import core_schema

        return core_schema.is_instance_schema(cls, serialization=core_schema.to_string_ser_schema())

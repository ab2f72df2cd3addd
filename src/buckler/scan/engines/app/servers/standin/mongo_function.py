"""The table of operators that work on values alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from buckler.scan.engines.app.servers.standin.mongo_bson import Undefined
from buckler.scan.engines.app.servers.standin.mongo_order import Missing

Run: TypeAlias = Callable[..., Any]
MANY = 1 << 30


@dataclass(frozen=True, slots=True)
class Function:
    """One operator.

    Attributes:
        run: Gets the values; one document of them where they are named.
        least: Values at least.
        most: Values at most.
        named: Whether the operand is a document of named values.
    """

    run: Run
    least: int
    most: int
    named: bool


FUNCTIONS: dict[str, Function] = {}


def function(
    names: str, least: int = 1, most: int | None = None, *, named: bool = False
) -> Callable[[Run], Run]:
    """Enter a function into the table.

    Args:
        names: With blanks between, as they are written after ``$``.
        least: Values at least.
        most: Values at most; as many as ``least`` where not given.
        named: Whether the operand is a document of named values.
    """

    def enter(run: Run) -> Run:
        for name in names.split():
            FUNCTIONS[f"${name}"] = Function(run, least, least if most is None else most, named)
        return run

    return enter


def nothing(value: Any) -> bool:
    """Whether there is no value: null, undefined or missing."""
    return value is None or isinstance(value, Missing | Undefined)

"""What the names of a module were imported from."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name.

    Attributes:
        module: Dotted name of the module, without leading dots.
        name: What is taken from it; None where the module itself is.
        level: Number of leading dots.

    """

    module: str
    name: str | None = None
    level: int = 0

    @property
    def dotted(self) -> str:
        """The full name, with leading dots where it is relative."""
        parts = [part for part in (self.module, self.name) if part]
        return "." * self.level + ".".join(parts)


def imports_of(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Import]]:
    """The names that one statement brings, each with what it stands for."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.asname:
                yield alias.asname, Import(alias.name)
            else:
                top = alias.name.partition(".")[0]
                yield top, Import(top)
        return
    for alias in node.names:
        yield alias.asname or alias.name, Import(node.module or "", alias.name, node.level)

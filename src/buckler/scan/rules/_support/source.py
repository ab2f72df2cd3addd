"""Places of findings that are read off the source."""

from __future__ import annotations

import ast

from buckler.core.finding import Location
from buckler.scan.python.constants import Value
from buckler.scan.python.index import Index


def here(index: Index, node: ast.AST) -> Location:
    """The line on which a node begins."""
    return Location(index.path, getattr(node, "lineno", 1))


def written(value: Value) -> Location:
    """The line on which a constant is written."""
    return Location(value.path, value.node.lineno)

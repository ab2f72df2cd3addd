"""Parses sources of a newer Python than the one that Buckler runs on.

A file that does not parse is one in which nothing is found. Projects are written for the newest
Python long before a scanner is installed in it, so what Python 3.12 to 3.14 added is read on
each version from 3.11 on: see :mod:`buckler.scan.python.newer.masking`.
"""

from __future__ import annotations

import ast
import sys

from buckler.scan.python.newer.grafting import Grafter
from buckler.scan.python.newer.lexer import words_of
from buckler.scan.python.newer.masking import apply, masked


def parse_newer(text: str, version: tuple[int, int] = sys.version_info[:2]) -> ast.Module:
    """The tree of a source with newer syntax, lines and columns as they were written.

    Args:
        text: The source.
        version: Up to which the syntax is known to the parser; a lower one than this
            Python's has more read this way, to the same tree.

    Raises:
        SyntaxError: It is no Python of a version up to 3.14.
        ValueError: It holds a null byte.
        RecursionError: It is nested deeper than a tree can be.
        MemoryError: Likewise.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    what = masked(plain, words_of(plain), version)
    tree = ast.parse(apply(plain, 0, len(plain), what.edits))
    Grafter(plain, version).graft(tree, what)
    return tree

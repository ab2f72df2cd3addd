"""Tells the calls of ``shutil.unpack_archive`` that can unpack tar archives alone, which take a filter."""

from __future__ import annotations

import ast

from buckler.scan.python.constants import text
from buckler.scan.python.index import Index, argument, last
from buckler.scan.rules._support.statements import assigned

_FORMATS = frozenset({"tar", "gztar", "bztar", "xztar"})
_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_PATHS = frozenset({"Path", "PurePath", "join", "str"})
_DEPTH = 4


def is_unpacking(call: ast.Call) -> bool:
    """Whether it is a call that finds out the format by itself."""
    return last(call.func) == "unpack_archive"


def is_tar(index: Index, call: ast.Call) -> bool:
    """Whether the format, or the end of the name where none is given, is one of tar.

    For a zip archive a filter is a ``TypeError`` (documentation of Python, ``shutil.unpack_archive``).
    """
    format_ = argument(call, "format", 2)
    if format_ is not None:
        return text(index, format_) in _FORMATS
    return _end(index, argument(call, "filename", 0), 0).lower().endswith(_ENDINGS)


def _end(index: Index, node: ast.expr | None, depth: int) -> str:
    """What a name ends with, as far as it is known."""
    known = text(index, node) if node is not None else None
    if known is not None or depth > _DEPTH:
        return known or ""
    match node:
        case ast.JoinedStr(values=[*_, final]):
            return _end(index, final, depth + 1)
        case ast.BinOp(op=ast.Add() | ast.Div(), right=right):
            return _end(index, right, depth + 1)
        case ast.Call(args=[*_, final], keywords=[]) if last(node.func) in _PATHS:
            return _end(index, final, depth + 1)
        case ast.Name():
            where = assigned(index, node)
            return _end(index, where.value, depth + 1) if where is not None else ""
    return ""

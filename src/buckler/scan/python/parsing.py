"""Parses one file of a project: the only way from a file that is not trusted to a tree."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from pathlib import Path

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file
from buckler.scan.python.newer import parse_newer

MAX_BYTES = 2_000_000


def parsed(path: Path, folder: Path, limit: int = MAX_BYTES) -> tuple[ast.Module, str]:
    """The tree and the text of a file.

    Args:
        path: The file.
        folder: Of the project; what leads out of it is not read.
        limit: Most bytes.

    Raises:
        UnreadableFile: It is not there, not to be read, or does not parse; the message says why.
    """
    text = text_of(content_of(path, folder, limit))
    return tree_of(text), text


def content_of(path: Path, folder: Path, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a file; the arguments are those of :func:`parsed`.

    Raises:
        UnreadableFile: It is not there or not to be read.
    """
    try:
        return read_project_file(path, folder, limit)
    except FileNotFoundError as error:
        raise UnreadableFile("it leads to no file") from error


def text_of(data: bytes) -> str:
    """The text of a file's content, in the encoding that it names.

    Raises:
        UnreadableFile: It is no text in that encoding.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding)
    except (SyntaxError, ValueError, LookupError) as error:
        raise UnreadableFile(f"it does not parse: {error}") from error


def tree_of(text: str) -> ast.Module:
    """The tree of a text.

    Raises:
        UnreadableFile: It does not parse.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _tree(text)
    except SyntaxError as error:
        line = f" at line {error.lineno}" if error.lineno else ""
        raise UnreadableFile(f"it does not parse{line}: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        why = str(error) or type(error).__name__
        raise UnreadableFile(f"it does not parse: {why}") from error


def _tree(text: str) -> ast.Module:
    """The tree; what this Python does not parse is read as a newer one does."""
    try:
        return ast.parse(text)
    except SyntaxError as error:
        try:
            return parse_newer(text)
        except SyntaxError as other:
            # The one further down is about what no Python knows.
            raise max(error, other, key=lambda found: found.lineno or 0) from None


def parse(path: Path, folder: Path, limit: int = MAX_BYTES) -> ast.Module | None:
    """The tree, or None where there is none: the source engine tells of that."""
    try:
        return parsed(path, folder, limit)[0]
    except UnreadableFile:
        return None

"""The code of notebooks, with what their shell runs: ``%time load(x)`` is code, ``!python -c "…"`` a text.

Source: nbformat 4, and the reference of IPython on magics.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from buckler.core.errors import UnreadableFile
from buckler.scan.python.parsing import tree_of

_TIMED: Final = frozenset(("time", "timeit", "prun", "memit", "mprun", "lprun", "pyinstrument"))
"""Magics that run what stands behind them."""
_CELLS: Final = _TIMED | {"capture"}
"""Magics of whole cells of Python."""
_LINE: Final = re.compile(r"(\s*)([%!?])(\w*)(.*)")
_MOST_OPTIONS: Final = 12


def code_of(data: bytes) -> tuple[str, str]:
    """The code of a notebook, and a text with the rest of what it runs.

    Args:
        data: The file.

    Raises:
        UnreadableFile: It is no notebook, has a cell in another language, or runs what it computes.
    """
    try:
        document: Any = json.loads(data)
        sources = [cell["source"] for cell in document["cells"] if cell["cell_type"] == "code"]
        cells = [cell if isinstance(cell, str) else "".join(cell) for cell in sources]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise UnreadableFile(f"it is no notebook: {error}") from error
    code: list[str] = []
    texts: list[str] = []
    for cell in cells:
        if _parses(cell):
            code.append(cell)
            continue
        for line, text in _lines(cell):
            code.append(line)
            texts.append(text)
    return "\n".join(code), "\n".join(texts)


def _lines(cell: str) -> Iterator[tuple[str, str]]:
    """Each line as code, and as a text."""
    for line in _whole_lines(cell):
        found = _LINE.fullmatch(line)
        if found is None:
            yield line, ""
            continue
        indent, sign, magic, rest = found.groups()
        if sign == "%" and not magic and rest.startswith("%"):
            yield indent + _of_cell(rest), ""
        elif sign == "%" and magic:
            code, text = _of_line(magic, rest)
            yield indent + (code or "pass"), text
        else:
            yield f"{indent}pass", f"{magic}{rest}"


def _whole_lines(cell: str) -> Iterator[str]:
    """The lines, those for the shell with what goes on behind a backslash."""
    begun: list[str] = []
    for line in cell.splitlines():
        begun.append(line)
        if line.endswith("\\") and _LINE.fullmatch(begun[0]):
            continue
        yield " ".join(begun)
        begun = []
    if begun:
        yield " ".join(begun)


def _of_cell(line: str) -> str:
    magic, _, rest = line.removeprefix("%").partition(" ")
    if magic not in _CELLS:
        raise UnreadableFile("it has cells in another language")
    return _statement(rest) or "pass"


def _of_line(magic: str, rest: str) -> tuple[str, str]:
    if magic in _TIMED and re.search(r"[{$]", rest):
        raise UnreadableFile("it runs what it computes")
    code = _statement(rest)
    return code, "" if code and magic in _TIMED else f"{magic}{rest}"


def _statement(rest: str) -> str:
    """The statement behind the options of a magic; empty where nothing there parses."""
    left = rest.strip()
    for _ in range(_MOST_OPTIONS):
        if not left or _parses(left):
            return left
        left = left.partition(" ")[2].lstrip()
    return ""


def _parses(text: str) -> bool:
    try:
        tree_of(text)
    except UnreadableFile:
        return False
    return True

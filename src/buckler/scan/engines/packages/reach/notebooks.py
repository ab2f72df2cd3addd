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
_SIGN: Final = re.compile(r"^[ \t]*[%!?]", re.MULTILINE)
_OPTIONS: Final = re.compile(r"^\s*(?:-\w+(?:[ =]\d+)?\s+)*")
MOST_LINES: Final = 2_000
"""Lines for its shell in one notebook; each is parsed by itself."""


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
    if sum(len(_SIGN.findall(cell)) for cell in cells) > MOST_LINES:
        raise UnreadableFile(f"it has more than {MOST_LINES} lines for its shell")
    for cell in cells:
        if _parses(cell):
            code.append(cell)
            continue
        for line, text in _lines(cell):
            code.append(line)
            texts += [text] if text else []
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
            yield indent + (_of_cell(rest) or "pass"), ""
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
    return _of_line(magic, rest)[0] if magic in _TIMED else ""


def _of_line(magic: str, rest: str) -> tuple[str, str]:
    """The statement behind a magic, empty where none stands there; else, or where it may be none, a text."""
    code = _OPTIONS.sub("", rest, count=1).strip()
    parses = _parses(code)
    if magic not in _TIMED:
        return code if parses else "", f"{magic}{rest}"
    if not parses or re.search(r"[{$]", rest):
        raise UnreadableFile("it runs what it computes, or what does not parse")
    return code, ""


def _parses(text: str) -> bool:
    try:
        tree_of(text)
    except UnreadableFile:
        return False
    return True

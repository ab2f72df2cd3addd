"""Passwords that the application hashes while it starts, with the texts that stand around them.

An application that brings accounts along (a demonstration, the first administrator) says so in code that nobody
outside can read for certain: a loop, a helper, a file. What is hashed, and what the project's lines on the stack
hold just then, tells who they are.
"""

from __future__ import annotations

import ast
import functools
import linecache
import os
import re
import sys
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

from . import state

MAX_RECORDS = 60
MAX_PAIRS = 40
MAX_LENGTH = 200
MAX_FRAMES = 8
_FIELD = re.compile(r"pass|pwd|(^|_)pw$|hash|digest|secret|token|key", re.IGNORECASE)
"""Names under which a record keeps what was hashed; other keys are names of somebody."""
_RECORDS = (ast.Dict, ast.Call, ast.Tuple, ast.List)
_records: List[Dict[str, Any]] = []
_listening = True


def hashed(password: Any, *, directly: bool) -> None:
    """Keep a text that is hashed, if the application is still starting.

    Args:
        password: Text or bytes; anything else is passed over.
        directly: Whether it counts only where the project's own line calls the hook that calls this: libraries
            take digests of all kinds of things, but derive keys from passwords alone.
    """
    if not _listening or len(_records) >= MAX_RECORDS:
        return
    plain = text(password)
    frame = sys._getframe(3 if directly else 2)
    if plain is None or (directly and not state.in_project(frame.f_code.co_filename)):
        return
    around = list(_around(frame))
    if around and (plain, around) not in [(r["password"], r["around"]) for r in _records]:
        _records.append({"password": plain, "around": around})


def take() -> List[Dict[str, Any]]:
    """What was kept; nothing is from now on."""
    global _listening
    _listening = False
    taken = list(_records)
    del _records[:]
    return taken


def text(value: Any) -> Optional[str]:
    """A short text of one line, also where it is bytes; None for anything else."""
    if isinstance(value, (bytes, bytearray)):
        try:
            value = bytes(value).decode("utf-8")
        except UnicodeDecodeError:
            return None
    if type(value) is not str or not 0 < len(value) <= MAX_LENGTH:
        return None
    return value if value.isprintable() else None


def _around(frame: Any) -> Iterator[List[str]]:
    """Names and texts of the project's frames, the innermost first."""
    seen: Set[Tuple[str, str]] = set()
    frames = 0
    while frame is not None and frames < MAX_FRAMES:
        if state.in_project(frame.f_code.co_filename):
            frames += 1
            for name, plain in _held(frame):
                if (name, plain) not in seen and len(seen) < MAX_PAIRS:
                    seen.add((name, plain))
                    yield [name, plain]
        frame = frame.f_back


def _held(frame: Any) -> Iterator[Tuple[str, str]]:
    """Texts of the record that a line writes, then those that the frame holds: of a module those of its loops."""
    held = dict(frame.f_locals)
    loops, records = _spoken(frame.f_code.co_filename, frame.f_lineno)
    for record in records:
        yield from _written(record, held, frame.f_lineno)
    if frame.f_code.co_name == "<module>":
        held = {name: held[name] for name in loops if name in held}
    for name, value in held.items():
        yield from texts(str(name), value, 0)


def texts(name: str, value: Any, depth: int) -> Iterator[Tuple[str, str]]:
    """A text with its name, or those one level inside of a record."""
    plain = str(value) if type(value) in (bool, int) else text(value)
    if plain is not None:
        yield name, plain
    elif depth > 0 or name == "self":
        return
    elif type(value) is dict:
        for key, inner in list(value.items())[:MAX_PAIRS]:
            yield from texts(str(key), inner, 1)
    elif type(value) is list or isinstance(value, tuple):
        items: List[Any] = list(tuple.__iter__(value)) if isinstance(value, tuple) else value
        fields = getattr(type(value), "_fields", None) or [name] * len(items)
        for key, inner in zip(fields, items[:MAX_PAIRS]):  # noqa: B905 - Python 3.9
            yield from texts(str(key), inner, 1)
    elif _is_own(type(value)) and isinstance(getattr(value, "__dict__", None), dict):
        for key, inner in list(vars(value).items())[:MAX_PAIRS]:
            yield from texts(str(key), inner, 1)


def _is_own(kind: type) -> bool:
    """Whether a class is the project's, so that its objects are about something of the project."""
    module = sys.modules.get(kind.__module__)
    filename = getattr(module, "__file__", None)
    return isinstance(filename, str) and state.in_project(filename)


def _spoken(filename: str, line: int) -> Tuple[List[str], List[ast.AST]]:
    """Names that the loops around a line go through, and the records in which it stands, the innermost first."""
    around = _enclosing(_nodes(filename), line)
    loops = [n.target for n in around if isinstance(n, (ast.For, ast.AsyncFor, ast.comprehension))]
    names = [n.id for target in loops for n in ast.walk(target) if isinstance(n, ast.Name)]
    return names, [n for n in around if isinstance(n, _RECORDS)]


@functools.lru_cache(maxsize=8)
def _nodes(filename: str) -> Tuple[ast.AST, ...]:
    """The nodes of a file that have lines."""
    try:
        tree = ast.parse("".join(linecache.getlines(os.path.abspath(filename))))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return tuple(node for node in ast.walk(tree) if getattr(node, "end_lineno", None))


def _enclosing(nodes: Tuple[ast.AST, ...], line: int) -> List[ast.AST]:
    """Those around a line, the innermost first."""
    around: Any = [n for n in nodes if n.lineno <= line <= (n.end_lineno or 0)]  # type: ignore[attr-defined]
    around.sort(key=lambda node: node.end_lineno - node.lineno)
    return [*around, *(c for node in around for c in getattr(node, "generators", ()))]


def _written(node: ast.AST, held: Dict[str, Any], line: int) -> Iterator[Tuple[str, str]]:
    """Names and texts of a record that is written out, and under which key it stands: of a dict, a call, a row."""
    pairs: List[Tuple[str, ast.AST]] = []
    if isinstance(node, ast.Dict):
        for key, inner in zip(node.keys, node.values):  # noqa: B905 - Python 3.9
            name = "" if key is None else _value(key, held)
            within = inner.lineno <= line <= (inner.end_lineno or 0)
            if within and isinstance(inner, _RECORDS) and name and not _FIELD.search(name):
                yield "name", name
            pairs.append((name, inner))
    elif isinstance(node, ast.Call):
        pairs += [(word.arg or "", word.value) for word in node.keywords]
        pairs += [("", value) for value in node.args]
    elif isinstance(node, (ast.Tuple, ast.List)):
        pairs += [("", value) for value in node.elts]
    for name, value in pairs:
        plain = _value(value, held)
        if plain:
            yield name, plain


def _value(node: ast.AST, held: Dict[str, Any]) -> str:
    """What an expression is, if that needs no call: a constant, a variable, a text with variables in it."""
    if isinstance(node, ast.Constant):
        value: Any = node.value
    elif isinstance(node, ast.Name):
        value = held.get(node.id)
    elif isinstance(node, ast.JoinedStr):
        parts = [_value(part, held) for part in node.values]
        value = "".join(parts) if all(parts) else ""
    elif isinstance(node, ast.FormattedValue) and node.format_spec is None:
        return _value(node.value, held)
    else:
        return ""
    return str(value) if type(value) in (bool, int) else text(value) or ""

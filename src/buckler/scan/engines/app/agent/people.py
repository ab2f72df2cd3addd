"""Passwords that the application hashes while it starts, with the texts that stand around them.

An application that brings accounts along (a demonstration, the first administrator) says so in code that nobody
outside can read for certain: a loop, a helper, a file. What is hashed, and what the project's lines on the stack
hold just then, tells who they are.
"""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import os
import re
import sys
from collections import ChainMap
from itertools import islice
from typing import Any, Dict, Iterator, List, Mapping, Set, Tuple

from . import state
from .told import attributes, said, text, texts

MAX_RECORDS = 60
MAX_HEARD = 3000
MAX_PAIRS = 40
MAX_FRAMES = 8
_FIELD = re.compile(r"pass|pwd|(^|_)pw$|hash|digest|secret|token|key", re.IGNORECASE)
"""Names under which a record keeps what was hashed; other keys are names of somebody."""
Place = Tuple[int, int]
Scope = Mapping[str, Any]
_RECORDS = (ast.Dict, ast.DictComp, ast.Call, ast.Tuple, ast.List)
_derived: List[Dict[str, Any]] = []
_digested: List[Dict[str, Any]] = []
_heard = [0, 0]
"""Calls so far: of key derivations, of digests."""
_listening = True


def hashed(password: Any, *, directly: bool) -> None:
    """Keep a text that is hashed, if the application is still starting.

    Args:
        password: Text or bytes; anything else is passed over.
        directly: Whether it counts only where the project's own line calls the hook that calls this: libraries
            take digests of all kinds of things, but derive keys from passwords alone.
    """
    kept = _digested if directly else _derived
    if not _listening or len(kept) >= MAX_RECORDS or _heard[directly] >= MAX_HEARD:
        return
    _heard[directly] += 1
    plain = text(password)
    frame = sys._getframe(3 if directly else 2)
    if plain is None or (directly and not state.in_project(frame.f_code.co_filename)):
        return
    around = list(_around(frame))
    record = {"password": plain, "around": around}
    if around and record not in kept:
        kept.append(record)


def take() -> List[Dict[str, Any]]:
    """What was kept, passwords before digests of whatever; nothing is from now on."""
    global _listening
    _listening = False
    taken = [*_derived, *_digested]
    del _derived[:], _digested[:]
    return taken


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
    held = _locals(frame)
    place = _place(frame.f_code, frame.f_lasti, frame.f_lineno)
    loops, records = _spoken(frame.f_code.co_filename, place)
    scope = ChainMap(held, frame.f_globals)
    for record in records:
        yield from _written(record, scope, place)
    if frame.f_code.co_name == "<module>":
        held = {name: held[name] for name in loops if name in held}
    for name, value in held.items():
        yield from texts(str(name), value)


def _locals(frame: Any) -> Dict[str, Any]:
    """What a frame holds; nothing of a class body that is run in a mapping of the project's own."""
    held = frame.f_locals
    if type(held) is dict or frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        return dict(held)
    return {}


@functools.lru_cache(maxsize=256)
def _spoken(filename: str, place: Place) -> Tuple[List[str], List[ast.AST]]:
    """Names that the loops around a place go through, and the records in which it stands, the innermost first."""
    around: Any = [n for n in reversed(_nodes(filename)) if _is_around(n, place)]
    around += [c for node in around for c in getattr(node, "generators", ())]
    loops = [n.target for n in around if isinstance(n, (ast.For, ast.AsyncFor, ast.comprehension))]
    names = [n.id for target in loops for n in ast.walk(target) if isinstance(n, ast.Name)]
    return names, [n for n in around if isinstance(n, _RECORDS)]


@functools.lru_cache(maxsize=8)
def _nodes(filename: str) -> Tuple[ast.AST, ...]:
    """The nodes of a file that have lines, outer ones before inner ones."""
    try:
        tree = ast.parse("".join(linecache.getlines(os.path.abspath(filename))))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return tuple(node for node in ast.walk(tree) if getattr(node, "end_lineno", None))


def _is_around(node: Any, place: Place) -> bool:
    """Whether an expression or a statement holds a place, as far as Python tells it."""
    line, column = place
    if column < 0:
        return bool(node.lineno <= line <= (node.end_lineno or 0))
    start, end = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
    return bool(start <= place <= end)


@functools.lru_cache(maxsize=256)
def _place(code: Any, instruction: int, line: int) -> Place:
    """Line and column of an instruction; no column (-1) before Python 3.11."""
    if sys.version_info >= (3, 11):
        told = next(islice(code.co_positions(), instruction // 2, None), (None,) * 4)
        if told[0] is not None and told[2] is not None:
            return told[0], told[2]
    return line, -1


def _written(node: ast.AST, scope: Scope, place: Place) -> Iterator[Tuple[str, str]]:
    """Names and texts of a record that is written out, and under which key it stands: of a dict, a call, a row."""
    pairs: List[Tuple[str, ast.AST]] = []
    if isinstance(node, (ast.Dict, ast.DictComp)):
        keys: List[Any] = list(node.keys) if isinstance(node, ast.Dict) else [node.key]
        values = node.values if isinstance(node, ast.Dict) else [node.value]
        for key, inner in zip(keys, values):  # noqa: B905 - Python 3.9
            name = "" if key is None else _value(key, scope)
            if name and _is_of(inner, place) and not _FIELD.search(name):
                yield "name", name
            pairs.append((name, inner))
    elif isinstance(node, ast.Call):
        words = [(word.arg or "", word.value) for word in node.keywords]
        if len({_callee(value) for _, value in words}) == 1 < len(words):
            # As in dict(ann=hashed("..."), bert=hashed("...")): each word is the name of somebody.
            yield from (("name", name) for name, value in words if name and _is_of(value, place))
        pairs += words
        pairs += [("", value) for value in node.args]
    elif isinstance(node, (ast.Tuple, ast.List)):
        pairs += [("", value) for value in node.elts]
    for name, value in pairs:
        plain = _value(value, scope)
        if plain:
            yield name, plain


def _is_of(node: Any, place: Place) -> bool:
    """Whether it is a record and stands around a place."""
    return isinstance(node, _RECORDS) and _is_around(node, place)


def _callee(node: ast.AST) -> str:
    """What an expression calls; something that nothing else is where it calls nothing."""
    return ast.dump(node.func) if isinstance(node, ast.Call) else f"{id(node)}"


def _value(node: ast.AST, scope: Scope) -> str:
    """What an expression is, if that needs no call: a constant, a variable, a text with variables in it."""
    if isinstance(node, ast.JoinedStr):
        parts = [_value(part, scope) for part in node.values]
        return "".join(parts) if all(parts) else ""
    if isinstance(node, ast.FormattedValue):
        return _value(node.value, scope) if node.format_spec is None else ""
    if isinstance(node, (ast.Set, ast.List, ast.Tuple)):
        items = [_value(item, scope) for item in node.elts[:MAX_PAIRS]]
        return " ".join(sorted(items)) if all(items) else ""
    return said(_object(node, scope)) or ""


def _object(node: ast.AST, scope: Scope) -> Any:
    """What a constant, a variable or an attribute holds; None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return scope.get(node.id)
    if isinstance(node, ast.Attribute):
        return attributes(_object(node.value, scope)).get(node.attr)
    return None

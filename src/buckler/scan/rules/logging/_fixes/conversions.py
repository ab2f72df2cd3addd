"""Tells what stands for an argument in the message of a call that logs: ``%s``, ``%06d``, ``%(name)s``."""

from __future__ import annotations

import ast
import re

from buckler.scan.python.constants import text
from buckler.scan.python.index import Index

_PERCENT = re.compile(r"%(?:\(([^)]*)\))?([#0\- +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?)[hlL]?([a-zA-Z%])")
_BRACES = re.compile(r"\{([^{}!:]*)((?:![rsa])?(?::[^{}]*)?)\}")
_AS_TEXT = ("", "!r", "!s", "!a")


def takes_text(index: Index, call: ast.Call, value: ast.expr) -> bool:
    """Whether a text may stand in the place of an argument: ``%s`` or ``%r`` is what shows it."""
    if isinstance(call.func, ast.Name):
        return True
    message, given = _parts(call)
    known = _known(index, message)
    if value is message:
        return not given
    if known is None:
        return False
    keyword = next((k.arg for k in call.keywords if k.value is value), None)
    braces = _BRACES.findall(known)
    if keyword is not None:
        return keyword != "extra" and all(
            rest in _AS_TEXT for name, rest in braces if re.split(r"[.\[]", name)[0] == keyword
        )
    found = _converted(known)
    if found:
        plain = all(not key and "*" not in flags for key, flags, _ in found)
        kinds = [kind for _, _, kind in found]
        at = next((n for n, one in enumerate(given) if one is value), len(kinds))
        return plain and len(kinds) == len(given) and at < len(kinds) and kinds[at] in ("s", "r")
    return all(rest in _AS_TEXT and (not name or name.isdigit()) for name, rest in braces)


def keys_shown(index: Index, call: ast.Call, value: ast.expr) -> set[str] | None:
    """The keys of an argument that the message asks for by name; None where that is not known."""
    if isinstance(call.func, ast.Name):
        return set()
    message, given = _parts(call)
    known = _known(index, message)
    if value is message:
        return None if given else set()
    if known is None or any(k.value is value and k.arg == "extra" for k in call.keywords):
        return None
    keys = {key for key, _, _ in _converted(known) if key}
    for name, _ in _BRACES.findall(known):
        keys |= set(re.split(r"[.\[\]]+", name))
    return keys


def _parts(call: ast.Call) -> tuple[ast.expr | None, list[ast.expr]]:
    """The message of a call, and what it is given beside it."""
    first = 1 if isinstance(call.func, ast.Attribute) and call.func.attr == "log" else 0
    named = next((k.value for k in call.keywords if k.arg in ("msg", "event", "message")), None)
    if len(call.args) <= first:
        return named, []
    return call.args[first], call.args[first + 1 :]


def _known(index: Index, message: ast.expr | None) -> str | None:
    """The message, with a word in the place of the values of an f-string."""
    if isinstance(message, ast.JoinedStr):
        parts = [p.value if isinstance(p, ast.Constant) else "value" for p in message.values]
        return "".join(map(str, parts))
    return text(index, message)


def _converted(message: str) -> list[tuple[str, str, str]]:
    """Key, flags and kind of each conversion of a message, ``%%`` left out."""
    return [found for found in _PERCENT.findall(message) if found[2] != "%"]

"""Makes a text that matches a regular expression, for fields with a ``pattern``."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import re._constants as _codes  # type: ignore[import-not-found]
    import re._parser as _parser  # type: ignore[import-not-found]

MAX_REPEAT = 3
_CATEGORIES = {
    "CATEGORY_DIGIT": "7",
    "CATEGORY_WORD": "a",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": "a",
    "CATEGORY_NOT_WORD": "-",
    "CATEGORY_NOT_SPACE": "a",
}
_LIKED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_. /"


def matching(pattern: str, variant: int = 0) -> str | None:
    """A text that matches, or None where none could be made.

    Args:
        pattern: Regular expression as in JSON Schema (searched, not anchored).
        variant: Chooses among alternatives and letters.
    """
    try:
        made = "".join(_parts(_parser.parse(pattern), variant))
    except (re.error, RecursionError, OverflowError, ValueError):
        return None
    return made if re.search(pattern, made) else None


def _parts(items: Iterable[Any], variant: int) -> Iterable[str]:
    for code, argument in items:
        name = str(code)
        if name == "LITERAL":
            yield chr(argument)
        elif name == "NOT_LITERAL":
            yield next(c for c in _LIKED if ord(c) != argument)
        elif name == "ANY":
            yield "a"
        elif name == "IN":
            yield _member(argument, variant)
        elif name == "CATEGORY":
            yield _CATEGORIES.get(str(argument), "a")
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            low, high, inner = argument
            count = max(low, min(high if high is not _codes.MAXREPEAT else MAX_REPEAT, MAX_REPEAT))
            for turn in range(count):
                yield from _parts(inner, variant + turn)
        elif name == "SUBPATTERN":
            yield from _parts(argument[3], variant)
        elif name == "BRANCH":
            choices = argument[1]
            yield from _parts(choices[variant % len(choices)], variant)
        elif name == "ATOMIC_GROUP":
            yield from _parts(argument, variant)


def _member(members: Any, variant: int) -> str:
    negated = bool(members) and str(members[0][0]) == "NEGATE"
    allowed = [c for c in _LIKED if _in_class(ord(c), members) != negated]
    if allowed:
        return allowed[variant % len(allowed)]
    for code, argument in members:
        if str(code) == "LITERAL":
            return chr(argument)
        if str(code) == "RANGE":
            return chr(argument[0])
    return "a"


def _in_class(point: int, members: Any) -> bool:
    letter = chr(point)
    for code, argument in members:
        name = str(code)
        if name == "LITERAL" and argument == point:
            return True
        if name == "RANGE" and argument[0] <= point <= argument[1]:
            return True
        if name == "CATEGORY":
            kind = str(argument)
            plain = {
                "CATEGORY_DIGIT": letter.isdigit(),
                "CATEGORY_WORD": letter.isalnum() or letter == "_",
                "CATEGORY_SPACE": letter.isspace(),
            }
            base = kind.replace("NOT_", "")
            if plain.get(base, False) != ("NOT_" in kind):
                return True
    return False

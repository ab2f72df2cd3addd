"""Which characters a text may have after it fitted a pattern, and for which sinks that is harmless."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from re import _parser as parser
from typing import Any

from buckler.scan.engines.source.flow.fitting import fits_whole
from buckler.scan.engines.source.flow.values import ALL, bit

EVERYTHING = frozenset(chr(n) for n in range(128)) | {"é"}
_DIGITS = frozenset("0123456789")
_WORD = _DIGITS | frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") | {"é"}
_SPACE = frozenset(" \t\n\r\f\v")
_CATEGORIES = {
    "CATEGORY_DIGIT": _DIGITS,
    "CATEGORY_NOT_DIGIT": EVERYTHING - _DIGITS,
    "CATEGORY_WORD": _WORD,
    "CATEGORY_NOT_WORD": EVERYTHING - _WORD,
    "CATEGORY_SPACE": _SPACE,
    "CATEGORY_NOT_SPACE": EVERYTHING - _SPACE,
}
FORMULA = frozenset("=+-@\t\r")
"""The characters with which a spreadsheet's formula may begin."""
DANGEROUS: dict[str, str] = {
    "sql": "'\"`;\\ ()=,*#/",
    "nosql": "'\"${}",
    "shell": " \t\n;&|<>$`\\\"'()*?[]{}!#~",
    "argv": "",
    "code": "'\"_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "template": "{}%#",
    "path": "/\\",
    "html": "<>\"'&",
    "header": "\r\n",
    "log": "\r\n",
    "xml": "<>&\"'",
    "ldap": "()*\\&|\0",
    "ldap_dn": ',+"\\<>;=# \0',
    "xpath": "'\"[]()/",
    "ssrf": ":/.@\\#?",
    "redirect": ":/\\.",
    "csv": "=+@\t\r",
    "regex": "+*{(|",
    "import": ".",
}


@lru_cache(maxsize=512)
def clean_after(pattern: str, whole: bool) -> int:
    """The kinds of sinks for which a text that fits a pattern is harmless.

    Args:
        pattern: The regular expression.
        whole: Whether it was matched against the whole text (``fullmatch``, pydantic counts as
            ``search``); otherwise the pattern has to be anchored itself.
    """
    tree = _read(pattern)
    if tree is None:
        return 0
    items = list(tree)
    newline = False
    if not whole:
        if not items or not _is_start(items[0]) or not _is_end(items[-1]):
            return 0
        newline = "AT_END" in str(items[-1][1]) and "STRING" not in str(items[-1][1])
    allowed = _allowed(items)
    made = bit(*(kind for kind, bad in DANGEROUS.items() if bad and not allowed.intersection(bad)))
    made |= _tried(pattern)
    if not _first(items) & {"-"} and not allowed.intersection(" "):
        made |= bit("argv")
    if not _first(items) & FORMULA:
        made |= bit("csv")
    if allowed <= (_WORD | {"-"}):
        made = ALL if not newline else ALL & ~bit("header", "log")
    elif newline:
        made &= ~bit("header", "log")
    return made


def _read(pattern: str) -> list[Any] | None:
    """The parts of a pattern; None where it is none, or too long to be one that was thought about."""
    if len(pattern) > LONGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(parser.parse(pattern))
    except (re.error, RecursionError, OverflowError):
        return None


ATTACKS = {
    "redirect": (
        *(
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "evil.example",
        ),
        *("https://evil.example", "http://evil.example/", "https:evil.example", "//evil.example/x"),
        *("javascript:alert(1)", "/x//evil", "https://evil.example/shop.example"),
    ),
    "ssrf": (
        *(
            "http://169.254.169.254/",
            "http://127.0.0.1/",
            "https://evil.example/",
            "http://evil.example",
        ),
        *(
            "http://localhost:80/",
            "https://evil.example/x?y=z",
            "http://[::1]/",
            "https://a.b@evil.example/",
        ),
        *(
            "evil.example",
            "127.0.0.1",
            "localhost",
            "//evil.example/",
            "https://evil.example:8443/a.b",
        ),
    ),
}
"""What has to be refused for a pattern to be an allow-list of addresses."""
LONGEST_TRIED = 1000
LONGEST = 20_000
"""No person has written a longer pattern, and to read it takes seconds."""


def _tried(pattern: str) -> int:
    """The kinds for which a pattern refuses every attack."""
    if len(pattern) > LONGEST_TRIED:
        return 0
    return bit(
        *(k for k, texts in ATTACKS.items() if fits_whole(pattern, texts, single_letters) is False)
    )


def single_letters(op: str, argument: Any) -> frozenset[str]:
    """The characters that one item of a parsed pattern takes, as far as ASCII goes."""
    return _of(op, argument, 0)


def _is_start(item: object) -> bool:
    return "AT_BEGINNING" in str(item)


def _is_end(item: object) -> bool:
    return "AT_END" in str(item)


def _allowed(items: list[Any], depth: int = 0) -> frozenset[str]:
    made: frozenset[str] = frozenset()
    if depth > 40:
        return EVERYTHING
    for item in items:
        op, argument = item
        made |= _of(str(op), argument, depth)
    return made


def _of(op: str, argument: Any, depth: int) -> frozenset[str]:
    if op == "LITERAL":
        return frozenset(chr(argument))
    if op == "NOT_LITERAL":
        return EVERYTHING - {chr(argument)}
    if op == "ANY":
        return EVERYTHING - {"\n"}
    if op == "IN":
        return _set(argument)
    if op in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return _allowed(list(argument[2]), depth + 1)
    if op == "SUBPATTERN":
        return _allowed(list(argument[3]), depth + 1)
    if op == "ATOMIC_GROUP":
        return _allowed(list(argument), depth + 1)
    if op == "BRANCH":
        branches: list[frozenset[str]] = [_allowed(list(b), depth + 1) for b in argument[1]]
        return frozenset().union(*branches)
    if op == "CATEGORY":
        return _CATEGORIES.get(str(argument), EVERYTHING)
    if op in ("AT", "ASSERT", "ASSERT_NOT"):
        return frozenset()
    return EVERYTHING


def _set(items: list[tuple[Any, Any]]) -> frozenset[str]:
    made: frozenset[str] = frozenset()
    negative = False
    for op, argument in items:
        name = str(op)
        if name == "NEGATE":
            negative = True
        elif name == "RANGE":
            low, high = argument
            made |= frozenset(chr(n) for n in range(low, min(high, 127) + 1))
            if high > 127:
                made |= {"é"}
        else:
            made |= _of(name, argument, 0)
    return EVERYTHING - made if negative else made


def _first(items: list[Any]) -> frozenset[str]:
    """The characters with which a text may begin."""
    for item in items:
        op, argument = item
        if str(op) == "AT":
            continue
        if str(op) in ("MAX_REPEAT", "MIN_REPEAT") and argument[0] == 0:
            return EVERYTHING
        return _of(str(op), argument, 0)
    return frozenset()


@lru_cache(maxsize=256)
def shown_by_start(pattern: str) -> tuple[int, int]:
    """What a match of a pattern at the beginning of a text shows of it, and what the lack of one does."""
    items = _read(pattern)
    if items is None:
        return 0, 0
    first = _first(items)
    fitting = bit("csv") if first and not first & FORMULA else 0
    consuming = [i for i in items if not _is_start(i)]
    single = len(consuming) == 1 and str(consuming[0][0]) in ("IN", "LITERAL")
    return fitting, bit("csv") if single and first >= FORMULA else 0


@lru_cache(maxsize=256)
def kept_after(pattern: str) -> int:
    """The kinds of sinks for which a text is harmless once all that fits a pattern is taken out of it."""
    items = _read(pattern)
    if items is None or len(items) != 1:
        return 0
    op, argument = items[0]
    if str(op) in ("MAX_REPEAT", "MIN_REPEAT") and argument[0] <= 1:
        inner = list(argument[2])
        if len(inner) != 1:
            return 0
        op, argument = inner[0]
    if str(op) not in ("IN", "LITERAL", "NOT_LITERAL", "CATEGORY"):
        return 0
    left = EVERYTHING - _of(str(op), argument, 0)
    if left <= (_WORD | {"-"}):
        return ALL
    return bit(*(kind for kind, bad in DANGEROUS.items() if bad and not left.intersection(bad)))


@lru_cache(maxsize=256)
def clean_group(pattern: str, number: int) -> int:
    """The kinds of sinks for which what a group has matched is harmless; 0 is the whole match, -1 any group."""
    tree = _read(pattern)
    if tree is None:
        return 0
    if number == 0:
        return _kinds(_allowed(list(tree)))
    found = [_kinds(_allowed(items)) for at, items in _groups(list(tree)) if number in (at, -1)]
    made = ALL if found else 0
    for kinds in found:
        made &= kinds
    return made


def _kinds(allowed: frozenset[str]) -> int:
    if allowed <= (_WORD | {"-"}):
        return ALL
    return bit(*(kind for kind, bad in DANGEROUS.items() if bad and not allowed.intersection(bad)))


def _groups(items: list[Any], depth: int = 0) -> list[tuple[int, list[Any]]]:
    made: list[tuple[int, list[Any]]] = []
    for op, argument in items if depth < 20 else ():
        name = str(op)
        if name == "SUBPATTERN":
            inner = list(argument[3])
            if argument[0] is not None:
                made.append((argument[0], inner))
            made += _groups(inner, depth + 1)
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            made += _groups(list(argument[2]), depth + 1)
        elif name == "BRANCH":
            for branch in argument[1]:
                made += _groups(list(branch), depth + 1)
    return made

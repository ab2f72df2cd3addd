"""Origins that the project's own code names, for CORS that is written by hand.

What a suffix check or a list allows is not known from outside, so the texts next to the word
``origin`` are collected: the parent makes look-alikes of them.
"""

from __future__ import annotations

import re
import sys
from types import CodeType, FunctionType
from typing import Any, Dict, Iterator, List, Set

from . import state, told

MAX_FOUND = 12
_HOST = re.compile(r"^(?:https?://)?\.?(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?$", re.IGNORECASE)


def named() -> List[str]:
    """Origins, hosts and patterns of modules that speak of origins, the most telling first."""
    found: List[str] = []
    for module in list(sys.modules.values()):
        filename = told.filename(module)
        if filename is None or not state.in_project(filename):
            continue
        names = told.contents(module)
        codes = list(_codes(names))
        if not any(_speaks(code) for code in codes):
            continue
        spoken = [c for code in codes if _speaks(code) for c in code.co_consts]
        own = [v for k, v in names.items() if type(k) is str and not k.startswith("__")]
        for text in (*_texts(spoken, 0), *(t for t in _texts(own, 0) if "://" in t)):
            if text not in found:
                found.append(text)
    return found[:MAX_FOUND]


def _codes(names: Dict[str, Any]) -> Iterator[CodeType]:
    seen: Set[int] = set()

    def inside(code: CodeType) -> Iterator[CodeType]:
        if id(code) not in seen:
            seen.add(id(code))
            yield code
            for item in code.co_consts:
                if isinstance(item, CodeType):
                    yield from inside(item)

    for value in list(names.values()):
        if issubclass(type(value), type):
            own = told.own(value)
            owner, members = own.get("__module__"), list(own.values())
        else:
            members = [value]
            owner = value.__module__ if type(value) is FunctionType else None
        if type(owner) is not str or owner != names.get("__name__"):
            continue
        for member in members:
            if type(member) in (staticmethod, classmethod):
                member = member.__func__
            if type(member) is FunctionType:
                yield from inside(member.__code__)


def _speaks(code: CodeType) -> bool:
    words = (*code.co_varnames, *code.co_names, *(c for c in code.co_consts if isinstance(c, str)))
    return any(word.lower() in ("origin", "access-control-allow-origin") for word in words)


def _texts(values: List[Any], depth: int) -> Iterator[str]:
    for value in values:
        kind = type(value)
        if kind is str:
            if len(value) < 100 and _HOST.match(value):
                yield value
        elif kind is re.Pattern:
            if isinstance(value.pattern, str) and "http" in value.pattern:
                yield "re:" + value.pattern[:200]
        elif kind in (set, frozenset) and depth < 2:
            yield from _texts(sorted(one for one in value if type(one) is str)[:30], depth + 1)
        elif kind in (list, tuple) and depth < 2:
            yield from _texts(list(value[:30]), depth + 1)

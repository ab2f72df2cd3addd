"""Origins that the project's own code names, for CORS that is written by hand.

What a suffix check or a list allows is not known from outside, so the texts next to the word
``origin`` are collected: the parent makes look-alikes of them.
"""

from __future__ import annotations

import re
import sys
from types import CodeType
from typing import Any, Iterator, List, Set

from . import state

MAX_FOUND = 12
_HOST = re.compile(r"^(?:https?://)?\.?(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?$", re.IGNORECASE)


def named() -> List[str]:
    """Origins, hosts and patterns of modules that speak of origins, the most telling first."""
    found: List[str] = []
    for module in list(sys.modules.values()):
        filename = getattr(module, "__file__", None)
        if not isinstance(filename, str) or not state.in_project(filename):
            continue
        codes = list(_codes(module))
        if not any(_speaks(code) for code in codes):
            continue
        spoken = [c for code in codes if _speaks(code) for c in code.co_consts]
        own = [v for k, v in vars(module).items() if not k.startswith("__")]
        for text in (*_texts(spoken, 0), *(t for t in _texts(own, 0) if "://" in t)):
            if text not in found:
                found.append(text)
    return found[:MAX_FOUND]


def _codes(module: Any) -> Iterator[CodeType]:
    seen: Set[int] = set()

    def inside(code: CodeType) -> Iterator[CodeType]:
        if id(code) not in seen:
            seen.add(id(code))
            yield code
            for item in code.co_consts:
                if isinstance(item, CodeType):
                    yield from inside(item)

    for value in list(vars(module).values()):
        owner = getattr(value, "__module__", None)
        if owner != module.__name__:
            continue
        members = list(vars(value).values()) if isinstance(value, type) else [value]
        for member in members:
            code = getattr(getattr(member, "__func__", member), "__code__", None)
            if isinstance(code, CodeType):
                yield from inside(code)


def _speaks(code: CodeType) -> bool:
    words = (*code.co_varnames, *code.co_names, *(c for c in code.co_consts if isinstance(c, str)))
    return any(word.lower() in ("origin", "access-control-allow-origin") for word in words)


def _texts(values: List[Any], depth: int) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            if len(value) < 100 and _HOST.match(value):
                yield value
        elif isinstance(value, re.Pattern):
            if isinstance(value.pattern, str) and "http" in value.pattern:
                yield "re:" + value.pattern[:200]
        elif isinstance(value, (set, frozenset)) and depth < 2:
            yield from _texts(sorted(map(str, value))[:30], depth + 1)
        elif isinstance(value, (list, tuple)) and depth < 2:
            yield from _texts(list(value)[:30], depth + 1)

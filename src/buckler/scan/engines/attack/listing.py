"""What a list shows, and whether it is all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from buckler.scan.engines.interface import Answer
from buckler.scan.model.application import Operation

_TOTAL = re.compile(r"^(total|count|total_?(count|items|results|elements)|size)$", re.IGNORECASE)
_NEXT = re.compile(
    r"^(next|next_?(page|cursor|link|url|token|page_?token)|cursor|has_?(more|next)|continuation)$",
    re.IGNORECASE,
)
_PAGED = re.compile(
    r"^(limit|offset|skip|first|page|page_?(size|number)|per_?page|size|cursor|after)$",
    re.IGNORECASE,
)
_LINK_NEXT = re.compile(r"""rel=["']?next\b""", re.IGNORECASE)
ROUND: frozenset[int] = frozenset({10, 20, 25, 30, 40, 50, 100, 200, 250, 500, 1000})
"""How long a page of a list is that has more of them."""


def scalars(data: Any) -> Iterator[str]:
    """Every text and number of a JSON value."""
    rest = [data]
    while rest:
        item = rest.pop()
        if isinstance(item, dict):
            rest.extend(item.values())
        elif isinstance(item, list):
            rest.extend(item)
        elif isinstance(item, str | int) and not isinstance(item, bool):
            yield str(item)


def is_cut(operation: Operation, answer: Answer) -> bool:
    """Whether an answer is one page of a list that goes on (RFC 8288, or by what its fields are called).

    Args:
        operation: Which lists; one that takes the length of a page may give as many as that.
        answer: To a request for the list.
    """
    if any(name.lower() == "link" and _LINK_NEXT.search(value) for name, value in answer.headers):
        return True
    data = answer.json
    longest = max(_lengths(data), default=0)
    if longest in ROUND and any(_PAGED.match(p.name) for p in operation.parameters):
        return True
    return any(
        (_NEXT.match(name) and value not in (None, "", False))
        or (_TOTAL.match(name) and type(value) is int and value > longest)
        for name, value in _members(data)
    )


def _members(data: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Names and values of an envelope, those of objects in it included: ``{"meta": {"total": 7}}``."""
    for name, value in data.items() if isinstance(data, dict) else ():
        yield name, value
        if depth == 0:
            yield from _members(value, 1)


def _lengths(data: Any) -> Iterator[int]:
    """How long the list is, or those one level below."""
    if isinstance(data, list):
        yield len(data)
    elif isinstance(data, dict):
        yield from (len(item) for item in data.values() if isinstance(item, list))

"""Accounts and keys that stand in plain in the project's modules: ``USERS``, ``API_KEYS``, a settings object.

They are given in the shape of :mod:`people`: a password or token, and the texts that stand around it.
"""

from __future__ import annotations

import re
import sys
from itertools import islice
from typing import Any, Dict, Iterator, List, Tuple

from . import state, told

MAX_ENTRIES = 50
MAX_RECORDS = 60
MAX_SEEN = 1000
MAX_NAME = 80
_LISTS = re.compile(
    r"user|account|people|person|member|customer|staff|login|password|credential|api_?key|(^|_)keys?$|token|session",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"pass(word|wd|phrase|code)?s?$|pwd$|(^|_)pw$|token$|(^|_)key$|^secret$", re.IGNORECASE
)
Pairs = List[Tuple[str, str]]


def accounts() -> List[Dict[str, Any]]:
    """What the project's modules list, at most ``MAX_RECORDS`` of them."""
    found: List[Dict[str, Any]] = []
    for module in list(sys.modules.values()):
        place = told.filename(module)
        if place is None or not state.in_project(place):
            continue
        for name, value in list(told.contents(module).items()):
            if type(name) is not str or name[:2] == "__" or not _LISTS.search(name[:MAX_NAME]):
                continue
            for secret, around in _entries(value):
                record = {"password": secret, "around": [list(pair) for pair in around]}
                if record not in found and len(found) < MAX_RECORDS:
                    found.append(record)
    return found


def _entries(value: Any) -> Iterator[Tuple[str, Pairs]]:
    """Passwords and tokens of a container, each with what belongs to it."""
    if type(value) is dict:
        for key, inner in islice(value.items(), MAX_ENTRIES):
            yield from _entry(told.text(key), inner)
    elif type(value) in (list, tuple):
        for inner in value[:MAX_ENTRIES]:
            yield from _entry(None, inner)
    elif type(value) in (set, frozenset):
        for text in sorted(t for t in map(told.text, islice(value, MAX_SEEN)) if t)[:MAX_ENTRIES]:
            yield text, [("name", "key")]


def _entry(key: Any, inner: Any) -> Iterator[Tuple[str, Pairs]]:
    """One entry: a name with a password, a token with a name, or a record of either."""
    plain = told.text(inner)
    if plain is not None:
        if key is not None:
            yield plain, [("name", key)]
            yield key, [("name", plain)]
        return
    pairs: Pairs = list(told.texts("", inner))
    named: Pairs = [] if key is None else [("name", key)]
    for name, text in pairs:
        if _SECRET.search(name):
            yield text, [*named, *(pair for pair in pairs if pair[1] != text)]
    if key is not None and pairs:
        yield key, pairs

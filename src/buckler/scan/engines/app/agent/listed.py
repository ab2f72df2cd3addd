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
_PASSWORD = re.compile(r"pass|pwd|pw$", re.IGNORECASE)
_WHO = re.compile(r"^_?(user(_?name)?|name|login|e?_?mail(_?address)?)$", re.IGNORECASE)
_MIDDLE = re.compile(r"_?(api|access|auth|secret|user)?_?$", re.IGNORECASE)
Pairs = List[Tuple[str, str]]


def accounts() -> List[Dict[str, Any]]:
    """What the project's modules list, at most ``MAX_RECORDS`` of them."""
    found: List[Dict[str, Any]] = []
    for module in list(sys.modules.values()):
        place = told.filename(module)
        if place is None or not state.in_project(place):
            continue
        for secret, around in _module(told.contents(module)):
            record = {"password": secret, "around": [list(pair) for pair in around]}
            if record not in found:
                found.append(record)
            if len(found) >= MAX_RECORDS:
                return found
    return found


def _module(names: Dict[str, Any]) -> Iterator[Tuple[str, Pairs]]:
    """What a module lists, then what its constants and the objects of its settings say of one account each."""
    own = {k: v for k, v in names.items() if type(k) is str and k[:2] != "__" and len(k) < MAX_NAME}
    for name, value in own.items():
        if _LISTS.search(name):
            yield from _entries(value)
    yield from _settings(own)
    for value in own.values():
        if told.is_own(type(value)):
            yield from _settings(told.attributes(value))


def _settings(held: Dict[str, Any]) -> Iterator[Tuple[str, Pairs]]:
    """Passwords and keys by name, with the names that begin like theirs: ``admin_password`` and ``admin_email``."""
    plain = {k: text for k, v in held.items() for text in [told.text(v)] if text}
    for name, secret in islice(plain.items(), MAX_SEEN):
        found = _SECRET.search(name)
        if found is None:
            continue
        whose = _MIDDLE.sub("", name[: found.start()])
        pairs: Pairs = [
            ("email" if "mail" in k.lower() else "username", text)
            for k, text in plain.items()
            if k.startswith(whose) and _WHO.search(k[len(whose) :])
        ]
        if not _PASSWORD.search(name):
            pairs.append(("key", name))
        if pairs:
            yield secret, [*pairs, ("role", whose.strip("_").lower() or "user")]


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

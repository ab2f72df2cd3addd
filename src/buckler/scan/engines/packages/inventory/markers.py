"""Takes apart the markers in which locks say which group or extra wants a package.

Poetry writes ``extra == "sql"`` and PEP 751 ``"dev" in dependency_groups``; both are about who asked
and not about where it is installed, and the rest of Buckler keeps these apart. Source: PEP 508, PEP 751.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_TOKEN = re.compile(
    r"\s*(?:(?P<bracket>[()])|(?P<joint>and|or)\b|(?P<test>"
    r"(?:\"[^\"]*\"|'[^']*'|[a-z_.]+)\s*(?:===?|~=|!=|<=?|>=?|not\s+in|in)\s*"
    r"(?:\"[^\"]*\"|'[^']*'|[a-z_.]+)))"
)
_WHO = re.compile(
    r"(?:extra\s*==\s*[\"'](?P<extra>[^\"']*)[\"']|[\"'](?P<named>[^\"']*)[\"']\s*in\s*"
    r"(?P<kind>extras|dependency_groups))"
)
MAX_DEPTH: Final = 40


@dataclass(frozen=True, slots=True)
class Told:
    """A marker, taken apart.

    Attributes:
        where: What is left of it without extras and groups; empty for everywhere.
        groups: Names of dependency groups in it.
        extras: Names of extras in it.
    """

    where: str
    groups: frozenset[str] = frozenset()
    extras: frozenset[str] = frozenset()


def told(marker: str) -> Told:
    """Who and where, of a marker; a marker that cannot be read is left as it is."""
    if "extra" not in marker and "dependency_groups" not in marker:
        return Told(marker)
    reader = _Reader(marker)
    where = reader.either(0)
    if where is None or reader.rest:
        return Told(marker)
    return Told(where, frozenset(reader.groups), frozenset(reader.extras))


def both(one: str, other: str) -> str:
    """The marker that holds where both hold."""
    if not one or not other or one == other:
        return one or other
    return " and ".join(f"({m})" if re.search(r"\bor\b", m) else m for m in (one, other))


@dataclass(slots=True)
class _Reader:
    """Reads by descent: either of several, each all of several tests; None where it is no marker."""

    text: str
    at: int = 0
    groups: set[str] = field(default_factory=set)
    extras: set[str] = field(default_factory=set)

    @property
    def rest(self) -> str:
        return self.text[self.at :].strip()

    def _next(self, kind: str, value: str = "") -> str | None:
        found = _TOKEN.match(self.text, self.at)
        if found is None or found[kind] is None or (value and found[kind] != value):
            return None
        self.at = found.end()
        return str(found[kind])

    def either(self, depth: int) -> str | None:
        ways = [self._all(depth)]
        while ways[-1] is not None and self._next("joint", "or"):
            ways.append(self._all(depth))
        if ways[-1] is None:
            return None
        known = list(dict.fromkeys(w or "" for w in ways))
        return "" if "" in known else " or ".join(known)

    def _all(self, depth: int) -> str | None:
        tests = [self._one(depth)]
        while tests[-1] is not None and self._next("joint", "and"):
            tests.append(self._one(depth))
        if tests[-1] is None:
            return None
        kept = list(dict.fromkeys(t for t in tests if t))
        if len(kept) < 2:
            return kept[0] if kept else ""
        return " and ".join(f"({t})" if re.search(r"\bor\b", t) else t for t in kept)

    def _one(self, depth: int) -> str | None:
        if depth < MAX_DEPTH and self._next("bracket", "("):
            inner = self.either(depth + 1)
            return inner if self._next("bracket", ")") else None
        test = self._next("test")
        who = _WHO.fullmatch(test) if test is not None else None
        if who is None:
            return test
        if who["kind"] == "dependency_groups":
            self.groups.add(who["named"])
        else:
            self.extras.add(who["extra"] if who["extra"] is not None else who["named"])
        return ""

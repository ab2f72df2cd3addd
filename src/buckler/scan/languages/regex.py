"""Decides whether a regular expression can be made to take exponential time: CWE-1333.

The pattern becomes an automaton over its own letters (Glushkov's construction). It is
exponential if some state can be left and reached again by the same text in two ways
(Weber and Seidl 1991, criterion EDA), and if what follows can fail so that all of them are
tried. Names and looks of the pattern do not matter.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from buckler.scan.languages.graphs import components

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import re._parser as _parser  # type: ignore[import-not-found]

POINTS = 256
_ALL = (1 << (POINTS + 1)) - 1
"""Every letter up to 255, and one bit for all others."""
MANY = 10
MAX_COPIES = 4
MAX_POSITIONS = 400


class Unsure(Exception):
    """The pattern has something that is not followed: a look-around in a loop, a back reference."""


@dataclass(slots=True)
class Part:
    """A part of the automaton: can it be empty, where does it begin and end, and how often."""

    empty: bool
    first: Counter[int]
    last: Counter[int]


@dataclass(slots=True)
class Automaton:
    """Positions with their letters, and how many ways lead from one to the next."""

    letters: list[int] = field(default_factory=list)
    edges: dict[int, Counter[int]] = field(default_factory=dict)
    ends: set[int] = field(default_factory=set)
    """Positions that something which can fail stands behind: ``$``, ``\\b``, a look-ahead."""

    def add(self, letters: int) -> Part:
        """A new position."""
        if len(self.letters) >= MAX_POSITIONS:
            raise Unsure
        self.letters.append(letters)
        at = len(self.letters) - 1
        self.edges[at] = Counter()
        return Part(False, Counter({at: 1}), Counter({at: 1}))

    def add_any(self) -> Part:
        """A new position that takes every letter."""
        return self.add(_ALL)

    def link(self, last: Counter[int], first: Counter[int]) -> None:
        """One way more from each end to each beginning."""
        for at, ways in last.items():
            for to, more in first.items():
                self.edges[at][to] += ways * more


@lru_cache(maxsize=1024)
def is_exponential(pattern: str, flags: int = 0, *, whole: bool = False) -> bool:
    """Whether some text makes matching take time that doubles with each letter.

    Args:
        pattern: The regular expression.
        flags: As given to ``re.compile``.
        whole: It is used with ``fullmatch``.

    """
    try:
        automaton, part, _ = parsed(pattern, flags)
    except (re.error, RecursionError, OverflowError, ValueError, Unsure):
        return False
    return any(can_fail(automaton, part, at, whole=whole) for at in _ambiguous(automaton))


def parsed(pattern: str, flags: int) -> tuple[Automaton, Part, bool]:
    """The automaton of a pattern, and whether it matches at the beginning of a text alone.

    Raises:
        Unsure: The pattern has something that is not followed.
        re.error: It is no pattern.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = _parser.parse(pattern, flags)
    automaton = Automaton()
    part = _sequence(automaton, tree, tree.state.flags, looped=False, begins=True)
    begins = len(tree) > 0 and str(tree[0][0]) != "BRANCH"  # ^a|b is not held by its first way
    first = str(tree[0]) if begins else ""
    several = bool(tree.state.flags & re.MULTILINE) and "STRING" not in first
    return automaton, part, "AT_BEGINNING" in first and not several


def can_fail(automaton: Automaton, whole_part: Part, at: int, *, whole: bool) -> bool:
    """Whether the match may fail after the loop was left, so that every way is tried."""
    reached, stack = set(), [at]
    while stack:
        here = stack.pop()
        if here not in reached:
            reached.add(here)
            stack += automaton.edges[here]
    if whole or reached & automaton.ends:
        return True
    return at not in whole_part.last


def _ambiguous(automaton: Automaton) -> Iterable[int]:
    """Positions that can be reached from themselves by one text in two ways."""
    edges = automaton.edges
    for group in components({at: list(to) for at, to in edges.items()}):
        members = set(group)
        if len(group) == 1 and group[0] not in edges[group[0]]:
            continue
        if any(ways > 1 for at in group for to, ways in edges[at].items() if to in members):
            yield group[0]
            continue
        pairs = {
            (a, b): [
                (x, y)
                for x in edges[a]
                if x in members
                for y in edges[b]
                if y in members and automaton.letters[x] & automaton.letters[y]
            ]
            for a in group
            for b in group
        }
        for found in components(pairs):
            same = [pair for pair in found if pair[0] == pair[1]]
            if same and len(found) > len(same):
                yield same[0][0]
                break


def _sequence(
    automaton: Automaton, items: Iterable[Any], flags: int, *, looped: bool, begins: bool = False
) -> Part:
    whole = Part(True, Counter(), Counter())
    for code, argument in items:
        first = begins and not whole.first
        part = _part(
            automaton, str(code), argument, flags, looped=looped, begins=first, before=whole
        )
        whole = _joined(automaton, whole, part)
    return whole


def _joined(automaton: Automaton, left: Part, right: Part) -> Part:
    automaton.link(left.last, right.first)
    first = left.first + right.first if left.empty else left.first
    last = left.last + right.last if right.empty else right.last
    return Part(left.empty and right.empty, first, last)


def _part(
    automaton: Automaton,
    name: str,
    argument: Any,
    flags: int,
    *,
    looped: bool,
    begins: bool,
    before: Part,
) -> Part:
    nothing = Part(True, Counter(), Counter())
    match name:
        case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
            return automaton.add(_letters(name, argument, flags))
        case "BRANCH":
            parts = [
                _sequence(automaton, items, flags, looped=looped, begins=begins)
                for items in argument[1]
            ]
            first: Counter[int] = Counter()
            last: Counter[int] = Counter()
            for part in parts:
                first, last = first + part.first, last + part.last
            return Part(any(p.empty for p in parts), first, last)
        case "SUBPATTERN":
            inner = (flags | argument[1]) & ~argument[2]
            return _sequence(automaton, argument[3], inner, looped=looped, begins=begins)
        case "MAX_REPEAT" | "MIN_REPEAT":
            return _repeated(automaton, argument, flags, looped=looped)
        case "POSSESSIVE_REPEAT" | "ATOMIC_GROUP":
            inner_items = argument[2] if name == "POSSESSIVE_REPEAT" else argument
            return _atomic(
                automaton,
                inner_items,
                flags,
                optional=name == "POSSESSIVE_REPEAT" and not argument[0],
            )
        case "AT":
            automaton.ends.update(before.last)
            return nothing
        case "ASSERT" if begins and argument[0] < 0:
            # What has to stand before the match is read like its beginning: it is not tried from within a loop.
            return _sequence(automaton, argument[1], flags, looped=looped)
        case "ASSERT" | "ASSERT_NOT":
            if looped:
                raise Unsure
            automaton.ends.update(before.last)
            return nothing
    raise Unsure


def _repeated(automaton: Automaton, argument: Any, flags: int, *, looped: bool) -> Part:
    low, high, items = int(argument[0]), int(argument[1]), argument[2]
    if high == 0:
        return Part(True, Counter(), Counter())
    if high >= MANY:
        whole = Part(True, Counter(), Counter())
        for _ in range(min(max(low - 1, 0), MAX_COPIES - 1)):
            whole = _joined(automaton, whole, _sequence(automaton, items, flags, looped=True))
        loop = _sequence(automaton, items, flags, looped=True)
        automaton.link(loop.last, loop.first)
        return _joined(automaton, whole, Part(loop.empty or low == 0, loop.first, loop.last))
    # x{0,2} is (x(x)?)? and not x?x?, where one x could be either of the two.
    tail = Part(True, Counter(), Counter())
    for number in reversed(range(min(high, MAX_COPIES))):
        part = _sequence(automaton, items, flags, looped=looped or high > 1)
        tail = _joined(automaton, part, tail)
        if number >= low:
            tail = Part(True, tail.first, tail.last)
    return tail


def _atomic(automaton: Automaton, items: Any, flags: int, *, optional: bool) -> Part:
    """What does not give back what it has matched is one letter that repeats."""
    inner = Automaton()
    part = _sequence(inner, items, flags, looped=True)
    letters = 0
    for item in inner.letters:
        letters |= item
    made = automaton.add(letters or _ALL)
    return Part(part.empty or optional, made.first, made.last)


def _letters(name: str, argument: Any, flags: int) -> int:
    if name == "ANY":
        return _ALL if flags & re.DOTALL else _ALL & ~(1 << ord("\n"))
    if name == "IN":
        return _class(argument, flags)
    found = _cased(argument, flags)
    return _ALL & ~found if name == "NOT_LITERAL" else found


def _class(members: Any, flags: int) -> int:
    found, negated = 0, False
    for code, argument in members:
        match str(code):
            case "NEGATE":
                negated = True
            case "LITERAL":
                found |= _cased(argument, flags)
            case "RANGE":
                for point in range(argument[0], min(argument[1], POINTS - 1) + 1):
                    found |= _cased(point, flags)
                if argument[1] >= POINTS:
                    found |= 1 << POINTS
            case "CATEGORY":
                found |= _category(str(argument), flags)
    return _ALL & ~found if negated else found


def _cased(point: int, flags: int) -> int:
    if point >= POINTS:
        return 1 << POINTS
    found = 1 << point
    if flags & re.IGNORECASE:
        for other in (chr(point).lower(), chr(point).upper()):
            if len(other) == 1 and ord(other) < POINTS:
                found |= 1 << ord(other)
    return found


@lru_cache(maxsize=64)
def _category(name: str, flags: int) -> int:
    pattern = {"DIGIT": r"\d", "WORD": r"\w", "SPACE": r"\s", "LINEBREAK": r"\n"}[
        name.replace("CATEGORY_", "").replace("NOT_", "").replace("UNI_", "")
    ]
    test = re.compile(pattern, flags & re.ASCII)
    found = sum(1 << point for point in range(POINTS) if test.match(chr(point)))
    if not flags & re.ASCII and pattern == r"\w":
        found |= 1 << POINTS
    return _ALL & ~found if "NOT_" in name else found

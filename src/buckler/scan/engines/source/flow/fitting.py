"""Whether a pattern of the project fits a text, decided in time that is bounded.

A project's own pattern is never given to ``re`` to match with: one that tries every way would hang the scan
(CWE-1333). Here all positions that a part of the pattern leads to are kept together as a set, so that each part is
looked at once for each position.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from re import _parser as parser
from typing import Any

Positions = frozenset[int]
NOWHERE: Positions = frozenset()
DEEPEST = 30
_SINGLE = frozenset({"LITERAL", "NOT_LITERAL", "ANY", "IN", "CATEGORY"})
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT"})


def fits_whole(
    pattern: str, texts: tuple[str, ...], letters: Callable[[str, Any], frozenset[str]]
) -> bool | None:
    """Whether a pattern fits one of several texts from their beginning to their end.

    Args:
        pattern: The regular expression.
        texts: Single lines in ASCII.
        letters: Gives the characters that one item of a parsed pattern takes.

    Returns:
        None where the pattern has what is not followed: back references, look-arounds, atomic groups.
    """
    try:
        tree = parser.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return None
    folded = bool(tree.state.flags & re.IGNORECASE)
    found = [_Fit(text, letters, folded=folded).ends(list(tree), 0, 0) for text in texts]
    if any(ends is None for ends in found):
        return None
    return any(len(text) in (ends or ()) for text, ends in zip(texts, found, strict=True))


class _Fit:
    """One text; where each part of a pattern ends that begins at a position of it."""

    def __init__(
        self, text: str, letters: Callable[[str, Any], frozenset[str]], *, folded: bool
    ) -> None:
        self._text = text
        self._letters = letters
        self._folded = folded
        self._known: dict[tuple[int, int], Positions | None] = {}
        self._sets: dict[int, frozenset[str]] = {}
        self._held: list[Any] = []

    def ends(self, items: list[Any], at: int, depth: int) -> Positions | None:
        """Where a sequence of items may end; None where that is not known."""
        here: Positions = frozenset({at})
        for item in items:
            here_ = self._all(item, here, depth)
            if not here_:
                return here_
            here = here_
        return here

    def _all(self, item: Any, starts: Positions, depth: int) -> Positions | None:
        made: set[int] = set()
        for at in starts:
            key = (id(item), at)
            if key not in self._known:
                self._held.append(item)  # its id must not be given to another one
                self._known[key] = self._one(item, at, depth)
            ends = self._known[key]
            if ends is None:
                return None
            made |= ends
        return frozenset(made)

    def _one(self, item: Any, at: int, depth: int) -> Positions | None:
        op, argument = str(item[0]), item[1]
        if depth > DEEPEST:
            return None
        if op in _SINGLE:
            return frozenset({at + 1}) if self._takes(item, at) else NOWHERE
        if op == "AT":
            return self._place(str(argument), at)
        if op == "BRANCH":
            return self._either([list(branch) for branch in argument[1]], at, depth)
        if op == "SUBPATTERN" and not argument[1] and not argument[2]:
            return self.ends(list(argument[3]), at, depth + 1)
        if op in _REPEATS:
            return self._repeated(argument[0], argument[1], list(argument[2]), at, depth)
        return None

    def _takes(self, item: Any, at: int) -> bool:
        if at >= len(self._text):
            return False
        if id(item) not in self._sets:
            self._sets[id(item)] = self._letters(str(item[0]), item[1])
        letter = self._text[at]
        same = {letter.lower(), letter.upper()} if self._folded else {letter}
        return not same.isdisjoint(self._sets[id(item)])

    def _place(self, name: str, at: int) -> Positions | None:
        if name in ("AT_BEGINNING", "AT_BEGINNING_STRING"):
            return frozenset({at}) if at == 0 else NOWHERE
        if name in ("AT_END", "AT_END_STRING"):
            return frozenset({at}) if at == len(self._text) else NOWHERE
        return None

    def _either(self, branches: list[list[Any]], at: int, depth: int) -> Positions | None:
        made: Positions = NOWHERE
        for branch in branches:
            ends = self.ends(branch, at, depth + 1)
            if ends is None:
                return None
            made |= ends
        return made

    def _repeated(
        self, least: int, most: int, body: list[Any], at: int, depth: int
    ) -> Positions | None:
        # After as many rounds as there are positions nothing new is reached.
        rounds = len(self._text) + 2
        here: Positions = frozenset({at})
        for _ in range(min(least, rounds)):
            after = self._again(body, here, depth)
            if after is None:
                return None
            here = after
        made = here
        for _ in range(min(int(most) - least, rounds)):
            after = self._again(body, here, depth)
            if after is None:
                return None
            if after <= made:
                break
            here = after - made
            made |= after
        return made

    def _again(self, body: list[Any], starts: Positions, depth: int) -> Positions | None:
        here: Positions | None = starts
        for item in body:
            here = self._all(item, here or NOWHERE, depth + 1)
            if not here:
                return here
        return here

"""Decides whether a regular expression can be made to take quadratic time: CWE-1333.

Two loops that read the same text, one behind the other, share a long text in as many ways as it has
letters (Weber and Seidl 1991, criterion IDA). ``search`` has a loop of its own at the beginning: it tries
each place to begin at. What follows has to be able to fail, or there is nothing to try again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from buckler.scan.languages.graphs import components
from buckler.scan.languages.regex import Automaton, Unsure, can_fail, parsed

MOST_POSITIONS = 60
MOST_STATES = 20_000


@lru_cache(maxsize=1024)
def is_polynomial(
    pattern: str, flags: int = 0, *, whole: bool = False, anywhere: bool = False
) -> bool:
    """Whether some text makes matching take time that grows with the square of its length.

    Args:
        pattern: The regular expression.
        flags: As given to ``re.compile``.
        whole: It is used with ``fullmatch``.
        anywhere: It is tried from each place on, as ``search`` and ``sub`` do.

    """
    try:
        automaton, part, anchored = parsed(pattern, flags)
        if anywhere and not anchored:
            start = automaton.add_any()
            automaton.link(start.last, start.first)
            automaton.link(start.last, part.first)
    except (re.error, RecursionError, OverflowError, ValueError, Unsure):
        return False
    if len(automaton.letters) > MOST_POSITIONS:
        return False
    loops = [at for at in automaton.edges if _comes_back(automaton, at)]
    return any(
        _shares(automaton, one, other)
        for one in loops
        for other in loops
        if one != other
        and automaton.letters[one] & automaton.letters[other]
        and (whole or not _accepts(automaton, part.last, other))
        and can_fail(automaton, part, other, whole=whole)
    )


def _accepts(automaton: Automaton, last: Iterable[int], loop: int) -> bool:
    """Whether a match has been found as soon as the loop was gone through."""
    group = next(
        found
        for found in components({at: list(to) for at, to in automaton.edges.items()})
        if loop in found
    )
    return any(at in group and at not in automaton.ends for at in last)


def _comes_back(automaton: Automaton, at: int) -> bool:
    seen, stack = set(), list(automaton.edges[at])
    while stack:
        here = stack.pop()
        if here == at:
            return True
        if here not in seen:
            seen.add(here)
            stack += automaton.edges[here]
    return False


def _shares(automaton: Automaton, one: int, other: int) -> bool:
    """Whether one text leads from the first loop to itself and to the second, and from that to itself."""
    letters, edges = automaton.letters, automaton.edges
    start, goal = (one, one, other), (one, other, other)
    seen, stack = {start}, [start]
    while stack:
        a, b, c = stack.pop()
        for x in edges[a]:
            for y in edges[b]:
                both = letters[x] & letters[y]
                for z in edges[c] if both else ():
                    following = (x, y, z)
                    if not both & letters[z] or following in seen:
                        continue
                    if following == goal:
                        return True
                    if len(seen) >= MOST_STATES:
                        return False
                    seen.add(following)
                    stack.append(following)
    return False


__all__ = ["is_polynomial"]

"""Whether a version is among those that an advisory is about.

As the OSV schema 1.7 evaluates it (section "Evaluation"): a version is affected where it is listed or where it
lies in a range; versions of PyPI are compared after PEP 440. What a range holds is affected although no list names
it: lists are made from what was published when they were made.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from packaging.version import InvalidVersion, Version

START: Final = "0"
"""The version of a range that begins before all others."""
FIXED: Final = "<"
LAST: Final = "<="
Span = tuple[str, str, str]
"""First version, how it ends (:data:`FIXED`, :data:`LAST` or empty for not at all), and where."""


@functools.lru_cache(65_536)
def parsed(version: str) -> Version | None:
    """A version after PEP 440, or None where it is none."""
    try:
        return Version(version)
    except InvalidVersion:
        return None


def spans(events: Iterable[Mapping[str, Any]]) -> tuple[Span, ...]:
    """What the events of a range enclose, in order and without overlaps.

    Args:
        events: Of one range of the type ``ECOSYSTEM`` or ``SEMVER``; in any order.

    Returns:
        Empty where the range holds nothing. Versions that are not after PEP 440 are left out.
    """
    marks: list[tuple[Version | None, int, str, str]] = []
    for event in events:
        for kind, order in (("fixed", 0), ("limit", 0), ("introduced", 1), ("last_affected", 2)):
            text = event.get(kind)
            if not isinstance(text, str) or (kind == "limit" and text == "*"):
                continue
            version = None if (kind, text) == ("introduced", START) else parsed(text)
            if version is not None or (kind, text) == ("introduced", START):
                marks.append((version, order, kind, text))
    # At one version the end comes before a new beginning, and what is affected for the last time after it.
    marks.sort(key=lambda mark: (mark[0] is not None, mark[0] or Version("0"), mark[1]))
    found: list[Span] = []
    first: str | None = None
    for _, _, kind, text in marks:
        if kind == "introduced":
            first = text if first is None else first
        elif first is not None:
            found.append((first, LAST if kind == "last_affected" else FIXED, text))
            first = None
    if first is not None:
        found.append((first, "", ""))
    return tuple(found)


def within(version: Version, span: Span) -> bool:
    """Whether a version lies in a span."""
    first, ends, last = span
    if first != START:
        begins = parsed(first)
        if begins is None or version < begins:
            return False
    if not ends:
        return True
    end = parsed(last)
    return end is not None and (version < end if ends == FIXED else version <= end)


def affects(version: str, ranges: Sequence[Span], listed: Iterable[str]) -> bool:
    """Whether a version is affected.

    Args:
        version: As a lock has it; one that is not after PEP 440 is affected only where it is listed.
        ranges: Of the advisory.
        listed: Versions that it names.
    """
    number = parsed(version)
    if number is None:
        return version in listed
    # The cheap question first: hardly any version is listed and in no range.
    return any(within(number, span) for span in ranges) or any(
        version == one or number == parsed(one) for one in listed
    )

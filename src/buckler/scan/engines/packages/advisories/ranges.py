"""Whether a version is among those that an advisory is about.

As the OSV schema 1.7 evaluates it (section "Evaluation"): a version is affected where it is listed or where it
lies in a range; versions of PyPI are compared after PEP 440. What a range holds is affected although no list names
it: lists are made from what was published when they were made.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from packaging.version import InvalidVersion, Version

START: Final = "0"
"""The version of a range that begins before all others."""
FIRST: Final = Version("0.dev0")
"""Before every version that there is."""
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

    Where a range ends at the version at which another one begins, both are there: the schema leaves open which of
    two events at one version comes first, and one that begins and ends at the same version holds nothing.

    Args:
        events: Of one range of the type ``ECOSYSTEM`` or ``SEMVER``; in any order.

    Returns:
        Empty where the range holds nothing. Versions that are not after PEP 440 are left out.
    """
    found: list[Span] = []
    first: str | None = None
    for text, kinds in _by_version(events):
        ends = kinds.count("fixed") + kinds.count("limit")
        begins = kinds.count("introduced")
        if ends and first is not None:
            found.append((first, FIXED, text))
        goes_on = (first is not None) + begins - ends > 0
        first = (text if first is None or ends else first) if goes_on else None
        if "last_affected" in kinds and first is not None:
            found.append((first, LAST, text))
            first = None
    if first is not None:
        found.append((first, "", ""))
    return tuple(found)


def _by_version(events: Iterable[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """The kinds of events at each version, in the order of versions."""
    kinds: dict[Version, list[str]] = {}
    texts: dict[Version, str] = {}
    for event in events:
        for kind in ("introduced", "fixed", "last_affected", "limit"):
            text = event.get(kind)
            if not isinstance(text, str) or (kind, text) == ("limit", "*"):
                continue
            version = FIRST if (kind, text) == ("introduced", START) else parsed(text)
            if version is not None:
                kinds.setdefault(version, []).append(kind)
                texts.setdefault(version, text)
    return [(texts[version], kinds[version]) for version in sorted(kinds)]


def within(version: Version, span: Span) -> bool:
    """Whether a version lies in a span."""
    first, ends, last = span
    # The end first: most versions that are asked about come after it.
    if ends:
        end = parsed(last)
        if end is None or version > end or (version == end and ends == FIXED):
            return False
    if first == START:
        return True
    begins = parsed(first)
    return begins is not None and version >= begins


def affects(version: str, ranges: Sequence[Span], listed: Collection[str]) -> bool:
    """Whether a version is affected.

    Args:
        version: As a lock has it; one that is not after PEP 440 is affected only where it is listed.
        ranges: Of the advisory.
        listed: Versions that it names.
    """
    number = parsed(version)
    if number is None:
        return version in listed
    for span in ranges:
        if within(number, span):
            return True
    # Hardly any version is listed and in no range.
    return bool(listed) and any(version == one or number == parsed(one) for one in listed)

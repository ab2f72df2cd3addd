"""Brings together what a project has and what is known: which weaknesses a version has, and which version has none.

Records of several databases about one weakness are one :class:`Weakness`: affected is what any of them says. Known
vulnerable components (CWE-1395) are most of what is exploited; a list of four names for each is what nobody reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, Protocol

from buckler.core.finding import Severity
from buckler.scan.engines.packages.advisories.index import Known
from buckler.scan.engines.packages.advisories.model import Advisory, best_name
from buckler.scan.engines.packages.advisories.ranges import FIXED, parsed, within

Pin = tuple[str, str]
"""Normalised name and version."""
UNSTATED: Final = Severity.MEDIUM
"""Of a weakness whose records say nothing of how bad it is."""
MOST_LATER: Final = 50
"""Later versions of which one is chosen; a package with more fixed versions is not known."""


class Advisories(Protocol):
    """What is known; :class:`~buckler.scan.engines.packages.advisories.index.Index`, or a project's own records."""

    def candidates(self, pins: Iterable[Pin]) -> Mapping[str, Sequence[Known]]:
        """All records about each package of which one may be about one of these versions, by name."""
        ...

    def records(self, numbers: Iterable[int]) -> Mapping[int, Advisory]:
        """The records of these numbers."""
        ...

    def exploited(self, names: Iterable[str]) -> Mapping[str, tuple[str, bool]]:
        """Which of these are in CISA's catalogue."""
        ...

    def likely(self, names: Iterable[str]) -> Mapping[str, tuple[float, float]]:
        """EPSS of these."""
        ...


@dataclass(frozen=True, slots=True)
class Weakness:
    """One weakness that a version of a package has.

    Attributes:
        name: By which it is called: its CVE where it has one.
        advisories: The records about it.
        severity: The worst that a record gives; None where none says.
        fixed: The smallest later version without it; empty where no record names one.
        symbols: Dotted names that have the weakness, where a record says so.
        exploited: The day on which CISA's catalogue took it in; empty where it is not there.
        ransomware: Whether that catalogue says that ransomware uses it.
        likelihood: EPSS probability within 30 days, 0 to 1; None where it is not known.
    """

    name: str
    advisories: tuple[Advisory, ...]
    severity: Severity | None
    fixed: str = ""
    symbols: tuple[str, ...] = ()
    exploited: str = ""
    ransomware: bool = False
    likelihood: float | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All of its names, the one that it is called by first."""
        others = dict.fromkeys(n for advisory in self.advisories for n in advisory.names)
        return (self.name, *(n for n in others if n != self.name))

    @property
    def malicious(self) -> bool:
        """Whether the package itself is the attack."""
        return any(advisory.malicious for advisory in self.advisories)

    @property
    def summary(self) -> str:
        """One line about it."""
        texts = [a.summary or a.details for a in self.advisories if a.summary or a.details]
        return first_sentence(texts[0]) if texts else ""


@dataclass(frozen=True, slots=True)
class Matched:
    """What is known of one version of a package.

    Attributes:
        weaknesses: Worst first.
        later: Later versions that a record names as fixed and that no record is about, smallest first.
    """

    weaknesses: tuple[Weakness, ...]
    later: tuple[str, ...] = ()

    @property
    def upgrade(self) -> str:
        """The smallest of them; empty where there is none, or it is not known."""
        return self.later[0] if self.later else ""


def match(advisories: Advisories, pins: Iterable[Pin]) -> dict[Pin, Matched]:
    """The pins of which something is known.

    Args:
        advisories: What is known.
        pins: Names and versions; one that comes twice is looked up once.
    """
    known, hit = affecting(advisories, pins)
    records = advisories.records(item.number for items in hit.values() for item in items)
    found = {
        pin: Matched(
            tuple(_weaknesses(pin, items, records)),
            tuple(islice(later(pin[1], known[pin[0]]), MOST_LATER)),
        )
        for pin, items in hit.items()
    }
    return _joined(advisories, found)


def affecting(
    advisories: Advisories, pins: Iterable[Pin]
) -> tuple[Mapping[str, Sequence[Known]], dict[Pin, list[Known]]]:
    """The matching alone: which records are about which pin.

    Returns:
        All records about the packages of these, and those that are about the pins themselves.
    """
    wanted = list(dict.fromkeys(pins))
    known = advisories.candidates(wanted)
    hit: dict[Pin, list[Known]] = {}
    for name, version in wanted:
        about = [item for item in known.get(name, ()) if item.affects(version)]
        if about:
            hit[name, version] = about
    return known, hit


def _weaknesses(
    pin: Pin, items: Sequence[Known], records: Mapping[int, Advisory]
) -> Iterable[Weakness]:
    groups: dict[int, list[Known]] = {}
    for item in items:
        groups.setdefault(item.weakness, []).append(item)
    found = []
    for group in groups.values():
        about = tuple(records[item.number] for item in group)
        symbols = dict.fromkeys(s for item in group for s in item.affected.symbols)
        found.append(
            Weakness(
                name=best_name(name for advisory in about for name in advisory.names),
                advisories=about,
                severity=_worst(about),
                fixed=smallest(pin[1], group),
                symbols=tuple(symbols),
            )
        )
    return sorted(found, key=lambda w: ((w.severity or UNSTATED).rank, w.name))


def _worst(advisories: Iterable[Advisory]) -> Severity | None:
    items = list(advisories)
    if any(advisory.malicious for advisory in items):
        return Severity.CRITICAL
    stated = [advisory.severity for advisory in items if advisory.severity is not None]
    return min(stated, key=lambda severity: severity.rank, default=None)


def later(version: str, about: Iterable[Known]) -> Iterator[str]:
    """The versions after this one that none of these records is about, smallest first.

    Only versions that a record names as fixed are looked at: others may not exist. A pre-release is taken only where
    the version is one itself.
    """
    now = parsed(version)
    if now is None:
        return
    items = list(about)
    spans = [span for item in items for span in item.affected.ranges]
    listed = {parsed(text) for item in items for text in item.affected.listed}
    named = {parsed(end): end for _, ends, end in spans if ends == FIXED}
    candidates = sorted(
        version
        for version in named
        if version is not None and version > now and version not in listed
        if not version.is_prerelease or now.is_prerelease
    )
    beyond = now
    for candidate in candidates:
        if candidate < beyond:
            continue
        inside = next((span for span in spans if within(candidate, span)), None)
        if inside is None:
            yield named[candidate]
            continue
        # Nothing before the end of what it lies in will do; without an end nothing will at all.
        end = parsed(inside[2]) if inside[1] else None
        if end is None:
            return
        beyond = end


def in_order(versions: Iterable[str]) -> tuple[str, ...]:
    """Versions, each once, smallest first; what is none (PEP 440) is left out."""
    known = {parsed(text): text for text in versions}
    return tuple(known[v] for v in sorted(v for v in known if v is not None))


def unaffected(advisories: Advisories, name: str, versions: Iterable[str]) -> tuple[str, ...]:
    """Those versions of a package that no record is about, in their order."""
    listed = tuple(versions)
    _, hit = affecting(advisories, [(name, version) for version in listed])
    return tuple(version for version in listed if (name, version) not in hit)


def smallest(version: str, about: Iterable[Known]) -> str:
    """The first of :func:`later`; empty where there is none."""
    return next(later(version, about), "")


def _joined(advisories: Advisories, found: dict[Pin, Matched]) -> dict[Pin, Matched]:
    names = {n for m in found.values() for w in m.weaknesses for n in w.names}
    exploited, likely = advisories.exploited(names), advisories.likely(names)
    if not exploited and not likely:
        return found

    def more(weakness: Weakness) -> Weakness:
        added = [exploited[n] for n in weakness.names if n in exploited]
        scores = [likely[n][0] for n in weakness.names if n in likely]
        return replace(
            weakness,
            exploited=min((day for day, _ in added), default=""),
            ransomware=any(ransomware for _, ransomware in added),
            likelihood=max(scores, default=None),
        )

    return {
        pin: Matched(tuple(more(w) for w in matched.weaknesses), matched.later)
        for pin, matched in found.items()
    }


def first_sentence(text: str, most: int = 160) -> str:
    """The first sentence of a text, cut where it is too long for a line."""
    line = " ".join(text.split())
    end = line.find(". ")
    line = line[:end] if end > 0 else line.rstrip(".")
    return line if len(line) <= most else line[: most - 1].rsplit(" ", 1)[0] + "…"

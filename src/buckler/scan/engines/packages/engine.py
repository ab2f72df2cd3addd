"""What is known against a project's packages, and how much of it was looked at.

Without an index, or with an old one, nothing was found because nothing was looked at: that is said, and counts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from buckler.core.errors import AdvisoryError
from buckler.core.events import GapFound, Listener
from buckler.core.finding import Finding
from buckler.core.report import PackageCoverage
from buckler.core.rule import Rule
from buckler.core.settings import Settings
from buckler.scan.engines.packages import kept
from buckler.scan.engines.packages.advisories.archive import records
from buckler.scan.engines.packages.advisories.build import gather
from buckler.scan.engines.packages.advisories.index import UPDATE, About, Index
from buckler.scan.engines.packages.advisories.own import OwnAdvisories
from buckler.scan.engines.packages.advisories.place import MAX_DAYS, STALE_DAYS, age, default_path
from buckler.scan.engines.packages.inventory.model import Inventories, Inventory, Package
from buckler.scan.engines.packages.inventory.read import inventories
from buckler.scan.engines.packages.matching import (
    Matched,
    in_order,
    match,
    unaffected,
)
from buckler.scan.engines.packages.reach.imports import Imports
from buckler.scan.engines.packages.reach.package import reach
from buckler.scan.engines.packages.reach.told import Told
from buckler.scan.engines.packages.reach.weaknesses import Reaching, Vulnerable
from buckler.scan.engines.packages.seen import (
    ChecksInventory,
    ChecksPackage,
    InventorySeen,
    PackageSeen,
)
from buckler.scan.engines.packages.upgrades import Upgrades

NOTHING: Final = Matched(())
MOST_OWN: Final = 500
"""Records of a project's own; what comes after them is not read."""


@dataclass(frozen=True, slots=True)
class PackageOptions:
    """How packages are looked at.

    Attributes:
        index: The index of advisories; None for the usual place.
        own: Folders or files with OSV records of the project's own, relative to it.
        max_age: Days; what is known longer ago than that counts as not looked at.
        environment: The application's virtual environment, or None.
        licences: SPDX identifiers that the project allows.
        excluded: Patterns of files whose calls are not followed.
        kept: Folder of the user's in which it is kept what a run of the source has shown, or None.
    """

    index: Path | None = None
    own: tuple[str, ...] = ()
    max_age: float = MAX_DAYS
    environment: Path | None = None
    licences: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    kept: Path | None = None


class PackagesEngine:
    """Matches what a project has with what is known.

    Args:
        folder: Of the project.
        rules: Those that look at packages are asked.
        options: How.
        emit: Gets the gaps.
        now: For the age of what is known; the present by default.
    """

    def __init__(
        self,
        folder: Path,
        rules: Iterable[Rule],
        options: PackageOptions,
        emit: Listener = lambda event: None,
        now: datetime | None = None,
    ) -> None:
        self._folder = folder
        self._rules = tuple(rules)
        self._options = options
        self._emit = emit
        self._now = now
        self._about: About | None = None
        self._outdated = ""
        self._stated: set[str] = set()
        self.inventories = Inventories()
        self.seen: tuple[PackageSeen, ...] = ()
        self.open: tuple[PackageSeen, ...] = ()

    def run(self) -> Iterator[Finding]:
        """The findings of every rule about every package."""
        self.look()
        yield from self.asked(self._rules)

    def asked(self, rules: Iterable[Rule]) -> Iterator[Finding]:
        """What rules find in what was read."""
        listed = tuple(rules)
        of_one = [rule for rule in listed if isinstance(rule, ChecksPackage)]
        of_all = [rule for rule in listed if isinstance(rule, ChecksInventory)]
        for seen in (*self.seen, *self.open):
            for rule in of_one:
                yield from rule.check_package(seen)
        for inventory in self.inventories:
            whole = InventorySeen(self._folder, inventory, self._options.licences, self._emit)
            for habit in of_all:
                yield from habit.check_inventory(whole)

    def look(self) -> None:
        """Read what there is and match it; ``seen``, ``open`` and ``inventories`` are filled."""
        self.inventories = inventories(self._folder, environment=self._options.environment)
        for problem in self.inventories.problems:
            at = f"{problem.path}:{problem.line}" if problem.line else problem.path
            self._emit(GapFound(at, problem.what, problem.hint))
        pinned = _together(self.inventories)
        matched = self._matched([pin for pin, where in pinned.items() if _is_published(where)])
        imports = Imports(self._folder if matched else None)
        loose = _open(self.inventories)
        told = Told(self._folder, self.inventories)
        seen = {
            pin: _seen(where, matched.get(pin, NOTHING), imports, told, loose.get(pin[0], []))
            for pin, where in pinned.items()
        }
        upgrades = Upgrades(self.inventories)
        for pin, known in matched.items():
            best = upgrades.best(pin[0], known.later, pinned[pin])
            seen[pin] = replace(seen[pin], upgrade=best.version, blockers=best.blockers)
        self.seen = self._reached(tuple(seen.values()), imports, told)
        named = {name for name, _ in pinned}
        self.open = tuple(
            _seen(where, NOTHING, imports, told)
            for name, where in loose.items()
            if name not in named
        )

    def coverage(self) -> PackageCoverage:
        """What was looked at."""
        named = {package.name for _, package in self.inventories.packages if package.version}
        left = {p.name for _, p in self.inventories.packages if not p.version} - named
        return PackageCoverage(
            inventories=tuple((i.path, len(i.packages)) for i in self.inventories if i.packages),
            versions=len(self.seen),
            open=len(left),
            advisories=self._about.records if self._about else 0,
            date=self._about.date if self._about else "",
            outdated=self._outdated,
            pins=tuple(kept.written(one, self._stated) for one in self.seen),
        )

    def _reached(
        self, every: tuple[PackageSeen, ...], imports: Imports, told: Told
    ) -> tuple[PackageSeen, ...]:
        """The packages, those with weaknesses with how far the project comes to each."""
        weak = [seen for seen in every if seen.weaknesses]
        options = self._options
        reaching = Reaching(
            self._folder,
            self.inventories,
            imports,
            told,
            self._emit,
            options.excluded,
            options.kept,
        )
        found = reaching.of([Vulnerable(s.package, s.weaknesses, s.reach) for s in weak])
        by_pin = {
            (seen.package.name, seen.package.version): reaches
            for seen, reaches in zip(weak, found, strict=True)
        }
        return tuple(
            replace(seen, reaches=by_pin.get((seen.package.name, seen.package.version), ()))
            for seen in every
        )

    def _matched(self, pinned: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Matched]:
        if not pinned:
            return {}
        own = self._own()
        try:
            with Index(self._options.index or default_path()) as index:
                self._about = index.about
                self._age(index.about)
                if own is None:
                    return match(index, pinned)
                return self._joined(index, own, pinned)
        except AdvisoryError as error:
            why = f"no package was matched with what is known: {error.message}"
            self._emit(GapFound("advisories", why, error.hint or UPDATE))
        stated = match(own, pinned) if own is not None else {}
        self._stated.update(n for m in stated.values() for w in m.weaknesses for n in w.names)
        return stated

    def _joined(
        self, index: Index, own: OwnAdvisories, pinned: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], Matched]:
        """What the index and the records of the project know; a weakness that both know is the index's."""
        found = match(index, pinned)
        for pin, matched in match(own, pinned).items():
            before = found.get(pin, NOTHING)
            told = {name for weakness in before.weaknesses for name in weakness.names}
            new = [w for w in matched.weaknesses if told.isdisjoint(w.names)]
            self._stated.update(name for w in new for name in w.names)
            # Each of the two may be content with a version that the other one is about.
            later = in_order((*before.later, *matched.later))
            for source in (index, own):
                later = unaffected(source, pin[0], later)
            found[pin] = Matched((*before.weaknesses, *new), later)
        return found

    def _age(self, about: About) -> None:
        days = age(about.date, self._now)
        if days > self._options.max_age:
            self._outdated = (
                f"the advisories are {days:.0f} days old, more than {self._options.max_age:g}"
            )
        if days > STALE_DAYS:
            why = f"the newest advisory is of {about.date[:10]}, {days:.0f} days ago: what came later is not known"
            self._emit(GapFound("advisories", why, UPDATE))

    def _own(self) -> OwnAdvisories | None:
        if not self._options.own:
            return None
        try:
            gathered = [
                gather(islice(records(self._inside(p)), MOST_OWN)) for p in self._options.own
            ]
        except AdvisoryError as error:
            self._emit(GapFound("advisories of the project", error.message, error.hint))
            return None
        for one in gathered:
            for name, why in one.broken:
                self._emit(GapFound(f"advisory {name}", why))
        return OwnAdvisories(a for one in gathered for a in one.advisories)

    def _inside(self, path: str) -> Path:
        """A path that the settings name; whoever wrote them may be a stranger, so nothing outside is read.

        Raises:
            AdvisoryError: It leads out of the project.
        """
        place = (self._folder / path).resolve()
        if not place.is_relative_to(self._folder.resolve()):
            raise AdvisoryError(
                f"{path} is not in the project", hint="keep the records beside the code"
            )
        return place


def options_of(
    settings: Settings, index: Path | None, environment: Path | None, kept: Path | None = None
) -> PackageOptions:
    """How the packages of a project are looked at."""
    return PackageOptions(
        index=index,
        own=settings.advisories,
        max_age=settings.max_advisory_age,
        environment=environment,
        licences=settings.licences_allowed,
        excluded=settings.exclude_files,
        kept=kept,
    )


def environment_of(python: Path) -> Path | None:
    """The environment of an interpreter; that in which Buckler itself runs says nothing of an application."""
    return None if python == Path(sys.executable) else python.parent.parent


def _together(found: Inventories) -> dict[tuple[str, str], list[tuple[Inventory, Package]]]:
    """Each version of each package with all the places that have it; what a lock says comes first."""
    pinned: dict[tuple[str, str], list[tuple[Inventory, Package]]] = {}
    for inventory, package in found.packages:
        if package.version:
            pinned.setdefault((package.name, package.version), []).append((inventory, package))
    return pinned


def _open(found: Inventories) -> dict[str, list[tuple[Inventory, Package]]]:
    """The packages whose version a file leaves open, by name."""
    loose: dict[str, list[tuple[Inventory, Package]]] = {}
    for inventory, package in found.packages:
        if not package.version:
            loose.setdefault(package.name, []).append((inventory, package))
    return loose


def _is_published(where: Sequence[tuple[Inventory, Package]]) -> bool:
    """Whether it may be what advisories speak of: a folder of the project's own only has the name."""
    return any(package.source not in ("path", "editable") for _, package in where)


def _seen(
    where: list[tuple[Inventory, Package]],
    matched: Matched,
    imports: Imports,
    told: Told,
    asked: Sequence[tuple[Inventory, Package]] = (),
) -> PackageSeen:
    inventory, package = where[0]
    # The one that says who brings it explains most.
    telling = next((i for i, p in where if i.way_to(p.name)), inventory)
    return PackageSeen(
        package=package,
        inventory=inventory,
        places=tuple(dict.fromkeys((p.path, p.line) for _, p in where)),
        weaknesses=matched.weaknesses,
        upgrade="",
        way=telling.way_to(package.name),
        reach=reach(package, telling, imports, told),
        asked=tuple(dict.fromkeys((p.path, p.line) for _, p in asked)),
    )

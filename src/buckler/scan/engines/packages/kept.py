"""What a report keeps of a project's packages, so that they are matched again when new advisories come, without a scan.

A weakness that becomes known on Tuesday in what was scanned on Monday is found when somebody looks again (CWE-1395);
for that nobody needs the project, only what it had.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from buckler.core.finding import Finding
from buckler.scan.engines.packages.advisories.index import Index
from buckler.scan.engines.packages.inventory.model import Inventory, Package
from buckler.scan.engines.packages.matching import match
from buckler.scan.engines.packages.reach import Level, Reach
from buckler.scan.engines.packages.seen import ChecksPackage, PackageSeen


def written(seen: PackageSeen, own: Iterable[str]) -> dict[str, Any]:
    """One version of a package, as JSON values.

    Args:
        seen: As rules are told of it.
        own: Names of weaknesses that records of the project's own are about.
    """
    package, names = seen.package, {n for w in seen.weaknesses for n in w.names}
    return {
        "name": package.name,
        "version": package.version,
        "groups": list(package.groups),
        "source": package.source,
        "places": [list(place) for place in seen.places],
        "way": list(seen.way),
        "reach": seen.reach.level.value,
        "steps": [list(step) for step in seen.reach.steps],
        "by": seen.reach.by,
        "own": sorted(names.intersection(own)),
    }


def read(items: Iterable[Mapping[str, Any]]) -> Iterator[PackageSeen]:
    """What :func:`written` wrote, without weaknesses.

    Raises:
        KeyError, TypeError, ValueError: It is something else.
    """
    for item in items:
        places = tuple((str(path), int(line)) for path, line in item["places"])
        package = Package(
            name=str(item["name"]),
            version=str(item["version"]),
            path=places[0][0],
            line=places[0][1],
            groups=tuple(map(str, item["groups"])),
            source=str(item["source"]),
        )
        steps = tuple((str(path), int(line), str(what)) for path, line, what in item["steps"])
        yield PackageSeen(
            package=package,
            inventory=Inventory(package.path, "", (package,)),
            places=places,
            weaknesses=(),
            upgrade="",
            way=tuple(map(str, item["way"])),
            reach=Reach(Level(item["reach"]), steps, str(item["by"])),
        )


def match_again(
    items: Iterable[Mapping[str, Any]], index: Index, rules: Iterable[ChecksPackage]
) -> Iterator[Finding]:
    """The findings that a scan would have about what it read then, if it were made with this index.

    Args:
        items: As :func:`written` wrote them.
        index: Of the advisories.
        rules: That are asked.

    Raises:
        AdvisoryError: The index cannot be read.
        KeyError, TypeError, ValueError: ``items`` are something else.
    """
    listed = tuple(rules)
    seen = [one for one in read(items) if one.package.source not in ("path", "editable")]
    found = match(index, [(one.package.name, one.package.version) for one in seen])
    for one in seen:
        matched = found.get((one.package.name, one.package.version))
        if matched is None:
            continue
        told = PackageSeen(
            package=one.package,
            inventory=one.inventory,
            places=one.places,
            weaknesses=matched.weaknesses,
            upgrade=matched.upgrade,
            way=one.way,
            reach=one.reach,
        )
        for rule in listed:
            yield from rule.check_package(told)

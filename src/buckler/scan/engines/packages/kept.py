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
from buckler.scan.engines.packages.matching import Matched, Pin, match
from buckler.scan.engines.packages.reach.level import Level, Reach
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
        "reach": _reach(seen.reach),
        "reaches": {w.name: _reach(r) for w, r in zip(seen.weaknesses, seen.reaches, strict=False)},
        "own": sorted(names.intersection(own)),
    }


def _reach(reach: Reach) -> dict[str, Any]:
    return {
        "level": reach.level.value,
        "steps": [list(step) for step in reach.steps],
        "by": reach.by,
        "operation": reach.operation,
    }


def _reach_of(item: Mapping[str, Any]) -> Reach:
    steps = tuple((str(path), int(line), str(what)) for path, line, what in item["steps"])
    return Reach(Level(item["level"]), steps, str(item["by"]), str(item["operation"]))


def _seen(item: Mapping[str, Any], known: Mapping[Pin, Matched]) -> PackageSeen:
    places = tuple((str(path), int(line)) for path, line in item["places"])
    package = _package(item)
    matched = known.get((package.name, package.version), Matched(()))
    reach = _reach_of(item["reach"])
    told = {str(name): _reach_of(one) for name, one in item["reaches"].items()}
    return PackageSeen(
        package=package,
        inventory=Inventory(package.path, "", (package,)),
        places=places,
        weaknesses=matched.weaknesses,
        upgrade=next(iter(matched.later), ""),
        way=tuple(map(str, item["way"])),
        reach=reach,
        # Of what became known since, nobody looked which calls lead there.
        reaches=tuple(
            next((told[n] for n in weakness.names if n in told), reach)
            for weakness in matched.weaknesses
        ),
    )


def _package(item: Mapping[str, Any]) -> Package:
    (path, line), *_ = item["places"]
    return Package(
        name=str(item["name"]),
        version=str(item["version"]),
        path=str(path),
        line=int(line),
        groups=tuple(map(str, item["groups"])),
        source=str(item["source"]),
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
    listed, kept = tuple(rules), list(items)
    pins = {
        (package.name, package.version)
        for package in map(_package, kept)
        if package.source not in ("path", "editable")
    }
    known = match(index, pins)
    for item in kept:
        seen = _seen(item, known)
        if seen.weaknesses and (seen.package.name, seen.package.version) in pins:
            for rule in listed:
                yield from rule.check_package(seen)

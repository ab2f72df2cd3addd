"""Makes an index of records, and puts it in the place of the old one at once or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from buckler.core.errors import AdvisoryError
from buckler.scan.engines.packages.advisories.archive import Read
from buckler.scan.engines.packages.advisories.index import (
    APPLICATION,
    FORMAT,
    SCHEMA,
    About,
    Known,
    last_of,
    packed,
    row,
)
from buckler.scan.engines.packages.advisories.model import Advisory
from buckler.scan.engines.packages.advisories.osv import read
from buckler.scan.engines.packages.advisories.place import newest

_PREFIX: Final = ".advisories-"
_FORGOTTEN: Final = 3600.0
"""Seconds after which a file that an ended update left behind is removed."""


@dataclass(slots=True)
class Gathered:
    """The advisories of a source.

    Attributes:
        advisories: Those that count.
        left_out: How many were withdrawn or are about no package of PyPI.
        broken: What could not be read, and why.
    """

    advisories: list[Advisory] = field(default_factory=list)
    left_out: int = 0
    broken: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Joined:
    """What else is known of CVE.

    Attributes:
        exploited: By CVE, the day on which CISA's catalogue of known exploited vulnerabilities
            took it in, and whether ransomware uses it.
        likely: By CVE, EPSS: probability and percentile, 0 to 1.
    """

    exploited: Mapping[str, tuple[str, bool]] = field(default_factory=dict)
    likely: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def gather(records: Iterable[Read], seen: Callable[[int], None] = lambda count: None) -> Gathered:
    """Read the records of a source; what cannot be read is said, and the others are used.

    Args:
        records: Of :func:`archive.records`.
        seen: Told how many were read, now and then.

    Raises:
        AdvisoryError: Nothing in it is a record.
    """
    found = Gathered()
    for count, (name, data) in enumerate(records, 1):
        try:
            if isinstance(data, AdvisoryError):
                raise data
            advisory = read(data)
        except AdvisoryError as error:
            if error.hint:  # what is wrong here and not in the record
                raise
            found.broken.append((name, error.message))
            continue
        if advisory is None:
            found.left_out += 1
        else:
            found.advisories.append(advisory)
        if count % 500 == 0:
            seen(count)
    if not found.advisories:
        why = f": {found.broken[0][0]}: {found.broken[0][1]}" if found.broken else ""
        raise AdvisoryError(
            f"no advisory for PyPI is in it{why}",
            hint="OSV publishes them as PyPI/all.zip; `buckler advisories update` fetches it",
        )
    return found


def build(
    gathered: Gathered, target: Path, source: str, now: str, joined: Joined | None = None
) -> About:
    """Write an index.

    Args:
        gathered: What goes into it.
        target: Its place; an index that is there is replaced when the new one is whole.
        source: Where the records come from.
        now: RFC 3339.
        joined: What else is known of CVE.

    Raises:
        AdvisoryError: The place cannot be written; what was there is as it was.
    """
    weaknesses = _weaknesses(gathered.advisories)
    packages = _by_package(gathered.advisories, weaknesses)
    about = About(
        source=source,
        date=newest((a.modified for a in gathered.advisories), now),
        built=now,
        records=len(gathered.advisories),
        packages=len(packages),
        left_out=gathered.left_out,
        broken=len(gathered.broken),
    )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent)
        with _beside(target) as path:
            _write(path, gathered.advisories, weaknesses, packages, joined or Joined(), about)
            _replace(path, target)
    except (OSError, sqlite3.Error) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise AdvisoryError(
            f"{target} cannot be written: {why}", hint="--index FILE takes another place"
        ) from error
    return about


def _weaknesses(advisories: Sequence[Advisory]) -> list[int]:
    """A number for each record, the same for those that are about one weakness.

    Records that have a CVE are the same by that alone: databases give one GHSA to two CVE that were published
    together, and to be told of both is the point. A record without one goes with the first that has a name of it.
    """
    parent = list(range(len(advisories)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = at = parent[parent[at]]
        return at

    first: dict[str, int] = {}
    cves = [[n for n in advisory.names if n.startswith("CVE-")] for advisory in advisories]
    with_cve = [number for number, names in enumerate(cves) if names]
    without = [number for number, names in enumerate(cves) if not names]
    for number in (*with_cve, *without):
        for name in cves[number] or advisories[number].names:
            low, high = sorted((root(first.setdefault(name, number)), root(number)))
            parent[high] = low
        for name in advisories[number].names:
            first.setdefault(name, number)
    return [root(number) for number in range(len(advisories))]


def _by_package(
    advisories: Sequence[Advisory], weaknesses: Sequence[int]
) -> dict[str, list[Known]]:
    found: dict[str, list[Known]] = {}
    for number, advisory in enumerate(advisories):
        for affected in advisory.affected:
            item = Known(number, weaknesses[number], affected)
            found.setdefault(affected.package, []).append(item)
    return found


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A new file in the same folder, gone at the end unless it was put in place."""
    descriptor, name = tempfile.mkstemp(prefix=_PREFIX, dir=target.parent)
    os.close(descriptor)
    path = Path(name)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _write(
    path: Path,
    advisories: Sequence[Advisory],
    weaknesses: Sequence[int],
    packages: Mapping[str, Sequence[Known]],
    joined: Joined,
    about: About,
) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        # Nobody reads it before it is in place, and then it is whole: no journal is needed.
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute(f"PRAGMA application_id = {APPLICATION}")
        database.execute(f"PRAGMA user_version = {FORMAT}")
        database.executescript(SCHEMA)
        database.execute("BEGIN")
        database.execute("INSERT INTO about VALUES ('about', ?)", (json.dumps(asdict(about)),))
        database.executemany(
            "INSERT INTO package VALUES (?, ?, ?)",
            ((n, last_of(packages[n]), row(packages[n])) for n in sorted(packages)),
        )
        database.executemany(
            "INSERT INTO record VALUES (?, ?, ?)",
            ((n, weaknesses[n], packed(advisory)) for n, advisory in enumerate(advisories)),
        )
        named = {(name, w) for a, w in zip(advisories, weaknesses, strict=True) for name in a.names}
        names = {name for name, _ in named}
        database.executemany("INSERT INTO name VALUES (?, ?)", sorted(named))
        database.executemany(
            "INSERT INTO exploited VALUES (?, ?, ?)",
            ((n, *joined.exploited[n]) for n in sorted(joined.exploited.keys() & names)),
        )
        database.executemany(
            "INSERT INTO likely VALUES (?, ?, ?)",
            ((n, *joined.likely[n]) for n in sorted(joined.likely.keys() & names)),
        )
        database.execute("COMMIT")


def _replace(path: Path, target: Path) -> None:
    """Put a file in place so that a machine that loses its power has it, too."""
    path.chmod(0o644)
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
    path.replace(target)
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _sweep(folder: Path) -> None:
    """Remove what updates that were killed left behind; another one may be at work just now."""
    for path in folder.glob(f"{_PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _FORGOTTEN:
                path.unlink()

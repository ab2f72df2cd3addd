"""Fetch, read, write: a new index in the place of the old one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from buckler.scan.engines.packages.advisories import fetch, joining
from buckler.scan.engines.packages.advisories.archive import records
from buckler.scan.engines.packages.advisories.build import Gathered, Joined, build, gather
from buckler.scan.engines.packages.advisories.index import About


@dataclass(frozen=True, slots=True)
class Seen:
    """Who is told how far it is: bytes fetched of how many, and records read."""

    fetched: Callable[[int, int], None] = lambda done, total: None
    read: Callable[[int], None] = lambda count: None


def update(
    source: str, target: Path, *, exploited: str = "", likely: str = "", seen: Seen | None = None
) -> tuple[About, Gathered]:
    """Make the index anew.

    Args:
        source: Path or https address of an archive, a folder or a file of OSV records.
        target: Place of the index.
        exploited: Path or address of CISA's catalogue, or empty.
        likely: Path or address of EPSS scores, or empty.
        seen: Told how far it is.

    Returns:
        What the new index says of itself, and what was read, broken records among it.

    Raises:
        AdvisoryError: Something cannot be fetched, read or written; the index that was there is as it was.
    """
    told = seen or Seen()
    with _local(source, told) as path:
        gathered = gather(records(path), told.read)
    joined = Joined()
    if exploited:
        with _local(exploited, told) as path:
            joined = Joined(joining.exploited(path), joined.likely)
    if likely:
        with _local(likely, told) as path:
            joined = Joined(joined.exploited, joining.likely(path))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    where = source if fetch.is_address(source) else str(Path(source).absolute())
    return build(gathered, target, where, now, joined), gathered


@contextlib.contextmanager
def _local(source: str, seen: Seen) -> Iterator[Path]:
    if fetch.is_address(source):
        with fetch.fetched(source, seen.fetched) as path:
            yield path
    else:
        yield Path(source)

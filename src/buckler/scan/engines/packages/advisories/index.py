"""The index of advisories: one small file that answers for five hundred packages in milliseconds, without a network.

An SQLite database. A row for each package holds what is affected, ranges first, so that a scan reads the rows of the
packages that it has and nothing else; the texts lie beside them, packed. It is written under another name and put in
place by one rename: whoever looks meanwhile, or is killed meanwhile, has the old one or the new one, whole.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from packaging.version import Version

from buckler.core.errors import AdvisoryError
from buckler.scan.engines.packages.advisories.model import Advisory, Affected, from_dict
from buckler.scan.engines.packages.advisories.place import shown
from buckler.scan.engines.packages.advisories.ranges import Span, affects, parsed

FORMAT: Final = 1
APPLICATION: Final = 0x42434B41
"""``application_id`` of the file, so that no other database is taken for one."""
UPDATE: Final = "buckler advisories update"
TEXTS: Final = (
    b'{"id": "PYSEC-2024-", "aliases": ["CVE-2024-", "GHSA-"], "summary": "", "details": "An issue was discovered in '
    b"a vulnerability that allows a remote attacker to execute arbitrary code via a crafted request. This issue has "
    b"been patched in version. Users are advised to upgrade. There are no known workarounds for this vulnerability. "
    b'denial of service cross-site scripting SQL injection", "severity": null, "score": null, "vector": "CVSS:3.1/AV:'
    b'N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "published": "2024-01-01T00:00:00Z", "modified": "2023-11-08T04:00:00.000000Z'
    b'", "references": ["https://github.com/advisories/GHSA-", "https://nvd.nist.gov/vuln/detail/CVE-", "/security/adv'
    b'isories/GHSA-", "/commit/", "/pull/", "https://lists.fedoraproject.org/archives/list/package-announce@lists.fedo'
    b'raproject.org/message/"], "cwe": []}'
)
"""What most records have in common; packing begins with it (RFC 1950, 2.2). Part of the format."""
SCHEMA: Final = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE package (name TEXT PRIMARY KEY, last TEXT NOT NULL, affected BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE record (number INTEGER PRIMARY KEY, weakness INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE name (name TEXT, weakness INTEGER, PRIMARY KEY (name, weakness)) WITHOUT ROWID;
CREATE TABLE exploited (name TEXT PRIMARY KEY, added TEXT NOT NULL, ransomware INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE likely (name TEXT PRIMARY KEY, score REAL NOT NULL, percentile REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX record_of_weakness ON record (weakness);
"""
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class About:
    """Where an index comes from.

    Attributes:
        source: Path or address that it was made of.
        date: When the newest record in it was changed; RFC 3339.
        built: When it was made; RFC 3339.
        records: Advisories in it.
        packages: Packages that they are about.
        left_out: Records that were withdrawn or are about no package of PyPI.
        broken: Records that could not be read.
    """

    source: str
    date: str
    built: str
    records: int
    packages: int
    left_out: int = 0
    broken: int = 0


class Known(NamedTuple):
    """One record that is about one package.

    Attributes:
        number: Of the record in this index.
        weakness: Number of the weakness; records that name each other as aliases have the same.
        affected: Which versions.
    """

    number: int
    weakness: int
    affected: Affected

    def affects(self, version: str) -> bool:
        """Whether a version is among them."""
        return affects(version, self.affected.ranges, self.affected.listed)


class Index:
    """An index that was opened for reading.

    Args:
        path: The file.

    Raises:
        AdvisoryError: There is none, it is none, or it was made by a later version of Buckler.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise AdvisoryError(f"there are no advisories at {shown(path)}", hint=UPDATE)
        try:
            # What is put in place is never written again, so there is nothing to wait for.
            self._database = sqlite3.connect(
                f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True, isolation_level=None
            )
        except sqlite3.Error as error:
            raise self._broken(error) from error
        try:
            self._check()
            self.about = self._about()
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the file go."""
        self._database.close()

    def known(self, names: Iterable[str]) -> Mapping[str, Sequence[Known]]:
        """The records about packages, whichever version; those without any are left out.

        Args:
            names: Normalised.
        """
        return {n: _all_known(n, blob) for n, _, blob in self._rows(dict.fromkeys(names))}

    def candidates(self, pins: Iterable[tuple[str, str]]) -> Mapping[str, Sequence[Known]]:
        """The records about packages that may be about one of these versions.

        Left out are packages all of whose versions come after the last one that a record is about: most that are
        kept up to date, and nothing of theirs has to be read.
        """
        versions: dict[str, list[str]] = {}
        for name, version in pins:
            versions.setdefault(name, []).append(version)
        found: dict[str, Sequence[Known]] = {}
        for name, last, blob in self._rows(versions):
            end = parsed(last) if last else None
            if end is None or not all(
                (number := parsed(version)) is not None and number > end
                for version in versions[name]
            ):
                found[name] = _all_known(name, blob)
        return found

    def _rows(self, names: Iterable[str]) -> Iterator[tuple[str, str, bytes]]:
        for some in _batches(names):
            marks = ",".join("?" * len(some))
            yield from self._ask(
                f"SELECT name, last, affected FROM package WHERE name IN ({marks})",  # noqa: S608 - question marks
                some,
            )

    def records(self, numbers: Iterable[int]) -> Mapping[int, Advisory]:
        """The records of these numbers, with their texts; ``affected`` is empty."""
        found: dict[int, Advisory] = {}
        for some in _batches(dict.fromkeys(numbers)):
            marks = ",".join("?" * len(some))
            for number, body in self._ask(
                f"SELECT number, body FROM record WHERE number IN ({marks})",  # noqa: S608 - question marks
                some,
            ):
                found[number] = from_dict(json.loads(_unpacked(body)))
        return found

    def named(self, name: str) -> Sequence[Advisory]:
        """The records of what is called so, by whichever of its names; any case."""
        rows = self._ask(
            "SELECT number, body FROM record WHERE weakness IN (SELECT weakness FROM name WHERE name = ?)",
            (name.upper() if not name.upper().startswith("GHSA-") else f"GHSA-{name[5:].lower()}",),
        )
        about: dict[int, list[Affected]] = {number: [] for number, _ in rows}
        for package, blob in self._ask("SELECT name, affected FROM package", ()) if rows else ():
            for item in json.loads(blob):
                known = _known(package, item)
                if known.number in about:
                    about[known.number].append(known.affected)
        return [from_dict(json.loads(_unpacked(b)), tuple(about[number])) for number, b in rows]

    def exploited(self, names: Iterable[str]) -> Mapping[str, tuple[str, bool]]:
        """Which of these CVE are in CISA's catalogue: the day they were put there, and whether ransomware uses them."""
        return {n: (added, bool(r)) for n, added, r in self._of("exploited", names)}

    def likely(self, names: Iterable[str]) -> Mapping[str, tuple[float, float]]:
        """EPSS of these CVE: probability within 30 days and percentile, 0 to 1."""
        return {n: (score, percentile) for n, score, percentile in self._of("likely", names)}

    def _of(self, table: str, names: Iterable[str]) -> Iterator[Any]:
        for some in _batches(dict.fromkeys(names)):
            marks = ",".join("?" * len(some))
            yield from self._ask(f"SELECT * FROM {table} WHERE name IN ({marks})", some)  # noqa: S608 - a constant

    def _ask(self, statement: str, values: Sequence[Any]) -> list[Any]:
        try:
            return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._broken(error) from error

    def _check(self) -> None:
        application = self._ask("PRAGMA application_id", ())[0][0]
        made_by = self._ask("PRAGMA user_version", ())[0][0]
        if application != APPLICATION:
            raise AdvisoryError(f"{self.path} is no index of advisories", hint=UPDATE)
        if made_by > FORMAT:
            raise AdvisoryError(
                f"{self.path} was made by a later version of Buckler (format {made_by}, this one reads {FORMAT})",
                hint=f"pip install -U buckler, or {UPDATE}",
            )

    def _about(self) -> About:
        rows = dict(self._ask("SELECT key, value FROM about", ()))
        try:
            return About(**json.loads(rows["about"]))
        except (KeyError, TypeError, ValueError) as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> AdvisoryError:
        return AdvisoryError(f"the advisories at {self.path} cannot be read: {error}", hint=UPDATE)


def packed(advisory: Advisory) -> bytes:
    """The texts of a record."""
    packer = zlib.compressobj(9, zdict=TEXTS)
    data = json.dumps(advisory.as_dict(), ensure_ascii=False, separators=(", ", ": "))
    return packer.compress(data.encode()) + packer.flush()


def _unpacked(body: bytes) -> bytes:
    return zlib.decompressobj(zdict=TEXTS).decompress(body)


def row(items: Iterable[Known]) -> bytes:
    """What is affected of one package, as its row holds it."""
    return json.dumps(
        [
            [
                item.number,
                item.weakness,
                item.affected.ranges,
                item.affected.listed,
                item.affected.symbols,
            ]
            for item in items
        ],
        separators=(",", ":"),
    ).encode()


def last_of(items: Iterable[Known]) -> str:
    """The last version that one of the records is about, or that it ends before; empty where there is no last one."""
    ends: list[tuple[Version, str]] = []
    for item in items:
        listed = item.affected.listed
        for text in (*(end for _, _, end in item.affected.ranges), *listed):
            number = parsed(text) if text else None
            if number is None:
                return ""
            ends.append((number, text))
    return max(ends)[1] if ends else ""


def _all_known(name: str, blob: bytes) -> list[Known]:
    return [_known(name, item) for item in json.loads(blob)]


def _known(name: str, item: Sequence[Any]) -> Known:
    number, weakness, ranges, listed, symbols = item
    spans: tuple[Span, ...] = tuple(map(tuple, ranges))
    return Known(number, weakness, Affected(name, spans, tuple(listed), tuple(symbols)))


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    """SQLite takes so many values in one statement."""
    rest = iter(items)
    while some := list(itertools.islice(rest, _AT_ONCE)):
        yield some

"""What is known against a package."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from buckler.core.finding import Severity
from buckler.scan.engines.packages.advisories.ranges import Span

_ORDER: Final = ("MAL-", "CVE-", "GHSA-", "PYSEC-")
_NUMBER: Final = re.compile(r"\d+")


class Affected(
    NamedTuple
):  # made by the hundred for each scan, three times as fast as a frozen dataclass
    """Which versions of one package an advisory is about.

    Attributes:
        package: Normalised (PEP 503).
        ranges: What is affected.
        listed: Versions that are affected and in none of the ranges.
        symbols: Dotted names that have the weakness, where the advisory says so.
    """

    package: str
    ranges: tuple[Span, ...] = ()
    listed: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Advisory:
    """One record of a database.

    Attributes:
        id: ``PYSEC-2021-370``, ``GHSA-…``, ``MAL-…``.
        aliases: Other names of the same weakness.
        summary: One line.
        details: The whole text, Markdown.
        severity: Of the worst vector that it gives, or what its database says; None where nobody says.
        score: CVSS base score, 0 to 10; None where there is no vector.
        vector: The vector of the score.
        published: RFC 3339.
        modified: RFC 3339.
        references: Addresses, those of the fix first.
        cwe: Numbers of weaknesses.
        affected: By package.
    """

    id: str
    aliases: tuple[str, ...] = ()
    summary: str = ""
    details: str = ""
    severity: Severity | None = None
    score: float | None = None
    vector: str = ""
    published: str = ""
    modified: str = ""
    references: tuple[str, ...] = ()
    cwe: tuple[int, ...] = ()
    affected: tuple[Affected, ...] = field(default=())

    @property
    def names(self) -> tuple[str, ...]:
        """Its id and its aliases."""
        return (self.id, *self.aliases)

    @property
    def malicious(self) -> bool:
        """Whether the package itself is the attack (OpenSSF's malicious-packages: ``MAL-``)."""
        return any(name.startswith("MAL-") for name in self.names)

    def as_dict(self) -> dict[str, Any]:
        """JSON values; :func:`from_dict` reads them. ``affected`` is left out."""
        return {
            "id": self.id,
            "aliases": list(self.aliases),
            "summary": self.summary,
            "details": self.details,
            "severity": self.severity.value if self.severity else None,
            "score": self.score,
            "vector": self.vector,
            "published": self.published,
            "modified": self.modified,
            "references": list(self.references),
            "cwe": list(self.cwe),
        }


def from_dict(data: Mapping[str, Any], affected: tuple[Affected, ...] = ()) -> Advisory:
    """An advisory of what :meth:`Advisory.as_dict` gave."""
    return Advisory(
        id=data["id"],
        aliases=tuple(data["aliases"]),
        summary=data["summary"],
        details=data["details"],
        severity=Severity(data["severity"]) if data["severity"] else None,
        score=data["score"],
        vector=data["vector"],
        published=data["published"],
        modified=data["modified"],
        references=tuple(data["references"]),
        cwe=tuple(data["cwe"]),
        affected=affected,
    )


def best_name(names: Iterable[str]) -> str:
    """The name by which a weakness is called: the one that stays the same whichever database is read.

    A package that is itself an attack is called by that; otherwise CVE comes before GHSA and PYSEC,
    and of two of a kind the older one.
    """
    choice = list(names)
    if len(choice) == 1:
        return choice[0]
    cves = [name for name in choice if name.startswith("CVE-")]
    if len(cves) == 1 and not any(name.startswith("MAL-") for name in choice):
        return cves[0]

    def order(name: str) -> tuple[Any, ...]:
        kind = next((n for n, start in enumerate(_ORDER) if name.startswith(start)), len(_ORDER))
        return kind, [int(part) for part in _NUMBER.findall(name)], name

    return min(choice, key=order)

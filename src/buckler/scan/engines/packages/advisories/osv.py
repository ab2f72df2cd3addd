"""Reads records in the OSV format (schema 1.7), of PyPI and of what is not withdrawn.

Records come from outside: of what is not as the schema has it, the record is left out and said so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from packaging.utils import canonicalize_name

from buckler.core.errors import AdvisoryError
from buckler.core.finding import Severity
from buckler.scan.engines.packages.advisories.model import Advisory, Affected
from buckler.scan.engines.packages.advisories.ranges import Span, parsed, spans, within

ECOSYSTEM: Final = "PyPI"
_COMPARED: Final = frozenset(("ECOSYSTEM", "SEMVER"))
_LONGEST: Final = 20_000
_WORDS: Final = {
    "LOW": Severity.LOW,
    "MODERATE": Severity.MEDIUM,
    "MEDIUM": Severity.MEDIUM,
    "HIGH": Severity.HIGH,
    "CRITICAL": Severity.CRITICAL,
}
_FIRST: Final = ("FIX", "ADVISORY", "REPORT")


def read(record: Any) -> Advisory | None:
    """An advisory of a record.

    Returns:
        None where it was withdrawn or is about no package of PyPI.

    Raises:
        AdvisoryError: It is not as the schema has it.
    """
    if not isinstance(record, Mapping) or not isinstance(record.get("id"), str):
        raise AdvisoryError("it is no OSV record: it has no id")
    if record.get("withdrawn"):
        return None
    affected = tuple(_merged(_affected(record)))
    if not affected:
        return None
    severity, score, vector = _severity(record)
    return Advisory(
        id=record["id"],
        aliases=tuple(dict.fromkeys(n for n in _texts(record, "aliases") if n != record["id"])),
        summary=_text(record, "summary")[:500],
        details=_text(record, "details")[:_LONGEST],
        severity=severity,
        score=score,
        vector=vector,
        published=_text(record, "published"),
        modified=_text(record, "modified"),
        references=tuple(_references(record)),
        cwe=tuple(_cwe(record)),
        affected=affected,
    )


def _affected(record: Mapping[str, Any]) -> Iterator[Affected]:
    for item in _mappings(record, "affected"):
        package = item.get("package")
        # An ecosystem may have a suffix after a colon: a release of a distribution.
        if not isinstance(package, Mapping) or package.get("ecosystem") != ECOSYSTEM:
            continue
        name = package.get("name")
        if not isinstance(name, str) or not name:
            raise AdvisoryError("a package in it has no name")
        ranges = tuple(
            dict.fromkeys(
                span
                for one in _mappings(item, "ranges")
                if one.get("type") in _COMPARED
                for span in spans(_mappings(one, "events"))
            )
        )
        yield Affected(
            canonicalize_name(name),
            ranges,
            tuple(_outside(_texts(item, "versions"), ranges)),
            tuple(_symbols(item)),
        )


def _merged(items: Iterable[Affected]) -> Iterator[Affected]:
    """One for each package: some records have one entry for each branch of its versions."""
    found: dict[str, Affected] = {}
    for item in items:
        before = found.get(item.package, Affected(item.package))
        found[item.package] = Affected(
            item.package,
            tuple(dict.fromkeys((*before.ranges, *item.ranges))),
            tuple(dict.fromkeys((*before.listed, *item.listed))),
            tuple(dict.fromkeys((*before.symbols, *item.symbols))),
        )
    yield from found.values()


def _outside(listed: Iterable[str], ranges: tuple[Span, ...]) -> Iterator[str]:
    """The listed versions that no range holds: nine in ten are in one, and need not be kept."""
    for version in listed:
        number = parsed(version)
        if number is None or not any(within(number, span) for span in ranges):
            yield version


def _symbols(item: Mapping[str, Any]) -> Iterator[str]:
    """Names that have the weakness: ``imports`` of the ecosystem's own part, where a database gives them."""
    for part in ("ecosystem_specific", "database_specific"):
        specific = item.get(part)
        if not isinstance(specific, Mapping):
            continue
        for found in _mappings(specific, "imports"):
            attribute, modules = found.get("attribute"), _texts(found, "modules")
            if isinstance(attribute, str) and attribute:
                yield from (f"{module}.{attribute}" for module in modules)
        yield from (text for text in _texts(specific, "symbols") if text)


def _severity(record: Mapping[str, Any]) -> tuple[Severity | None, float | None, str]:
    from buckler.scan.engines.packages.advisories.severity import of_vector

    vectors = [*_mappings(record, "severity")]
    for item in _mappings(record, "affected"):
        vectors += _mappings(item, "severity")
    scored = [
        found
        for item in vectors
        if isinstance(item.get("score"), str) and (found := of_vector(item["score"])) is not None
    ]
    if scored:
        # CVSS 4 says more than 3 where both are given; of one version the worst counts.
        newest = max(item.version for item in scored)
        worst = max((i for i in scored if i.version == newest), key=lambda item: item.score)
        return worst.severity, worst.score, worst.vector
    specific = record.get("database_specific")
    word = specific.get("severity") if isinstance(specific, Mapping) else None
    return (_WORDS.get(word.upper()) if isinstance(word, str) else None), None, ""


def _references(record: Mapping[str, Any]) -> Iterator[str]:
    def order(item: Mapping[str, Any]) -> int:
        kind = item.get("type")
        return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)

    for item in sorted(_mappings(record, "references"), key=order)[:10]:
        url = item.get("url")
        if isinstance(url, str) and url.startswith(("https://", "http://")):
            yield url


def _cwe(record: Mapping[str, Any]) -> Iterator[int]:
    specific = record.get("database_specific")
    for text in _texts(specific, "cwe_ids") if isinstance(specific, Mapping) else ():
        if text.startswith("CWE-") and text[4:].isdigit():
            yield int(text[4:])


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if isinstance(value, datetime):  # what a reader of YAML makes of a date
        return value.isoformat()
    return value if isinstance(value, str) else ""


def _texts(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = data.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise AdvisoryError(f"{key} is no list")
    return tuple(item for item in value if isinstance(item, str))


def _mappings(data: Mapping[str, Any], key: str) -> tuple[Mapping[str, Any], ...]:
    value = data.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise AdvisoryError(f"{key} is no list")
    return tuple(item for item in value if isinstance(item, Mapping))

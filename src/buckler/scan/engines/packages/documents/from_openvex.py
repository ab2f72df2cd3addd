"""Reads statements of OpenVEX 0.2.0 documents.

Source: OpenVEX specification 0.2.0: a statement inherits the time of its document, and one that says ``not_affected``
must say why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from buckler.scan.engines.packages.documents import purl
from buckler.scan.engines.packages.documents.fields import items, moment, table, text
from buckler.scan.engines.packages.documents.state import JUSTIFICATIONS, Status
from buckler.scan.engines.packages.documents.statements import Malformed, Product, Statement

LIST: Final = "statements"


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the statements of one document.

    Attributes:
        path: Of the file.
        made: When the document was made.
    """

    path: str
    made: datetime | None

    def statement(self, value: Any, line: int) -> Iterator[Statement]:
        """One statement.

        Raises:
            Malformed: It breaks the format.
        """
        said = table(value, "the statement")
        status = _status(text(said, "status"))
        justification, impact = text(said, "justification"), text(said, "impact_statement")
        if justification and justification not in JUSTIFICATIONS:
            raise Malformed(f"there is no justification {justification[:60]!r}")
        if status is Status.NOT_AFFECTED and not justification and not impact:
            raise Malformed("it says not_affected, and neither justification nor impact_statement")
        at = moment(text(said, "last_updated"), "last_updated")
        at = at or moment(text(said, "timestamp"), "timestamp") or self.made
        if at is None:
            raise Malformed("neither it nor its document has a timestamp")
        products = tuple(_product(item) for item in items(said.get("products"), "products"))
        if not products:
            raise Malformed("it names no product")
        yield Statement(
            status=status,
            vulnerabilities=_vulnerability(said.get("vulnerability")),
            products=products,
            path=self.path,
            line=line,
            justification=justification,
            why=impact,
            notes=text(said, "status_notes"),
            action=text(said, "action_statement"),
            at=at,
        )


def reader(document: Mapping[str, Any], path: str) -> Reader:
    """A reader for the statements of a document.

    Raises:
        Malformed: Its time is none.
    """
    return Reader(path, moment(text(document, "timestamp"), "timestamp"))


def _status(word: str) -> Status:
    try:
        return Status(word)
    except ValueError as error:
        raise Malformed(f"there is no status {word[:60]!r}") from error


def _vulnerability(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):  # as version 0.0.1 had it
        names = [value.strip()]
    else:
        said = table(value, "vulnerability")
        aliases = items(said.get("aliases"), "aliases")
        names = [text(said, "name"), *(alias for alias in aliases if isinstance(alias, str))]
    named = tuple(dict.fromkeys(name.strip().upper() for name in names if name.strip()))
    if not named:
        raise Malformed("it names no vulnerability")
    return named


def _product(value: Any) -> Product:
    if isinstance(value, str):  # as version 0.0.1 had it
        return Product(_names({"@id": value}))
    said = table(value, "a product")
    parts = items(said.get("subcomponents"), "subcomponents")
    if not parts:
        return Product(_names(said))
    known = [
        _names({"@id": p} if isinstance(p, str) else table(p, "a subcomponent")) for p in parts
    ]
    return Product(_names(said), tuple(name for names in known for name in names))


def _names(said: Mapping[str, Any]) -> tuple[purl.Named, ...]:
    identifiers = said.get("identifiers")
    known = text(table(identifiers, "identifiers"), "purl") if identifiers is not None else ""
    # The purl says which package it is; the @id may be any name.
    found = (purl.read(name) for name in ((known,) if known else (text(said, "@id"),)))
    return tuple(named for named in found if named is not None)

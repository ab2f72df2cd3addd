"""What the last report of a target looked at: its operations, and the matrix of who came where."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from buckler.watch.db import scans
from buckler.watch.errors import MissingError
from buckler.watch.interface import Caller

LARGEST: Final = 16 * 1024 * 1024
"""Bytes of a report that a page reads; a larger one is for programs."""
MOST: Final = 1_000
NOBODY: Final = "nobody"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as a report has it."""

    name: str
    reached: bool
    authenticated: bool
    identity: str
    status: str
    slots: int
    attacked: int
    why: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What a report looked at.

    Attributes:
        scan: Whose report it is; None where there is none.
        operations: Of the application.
        identities: Columns of the matrix.
        matrix: Status and what was expected, by operation and identity; empty where nobody's access was tried.
        large: Whether the report is too large for a page.
    """

    scan: Any
    operations: list[Operation]
    identities: list[str]
    matrix: dict[str, dict[str, tuple[str, str]]]
    large: bool = False


def of(connection: Connection, caller: Caller, target_id: str) -> Looked:
    """What the last report of a target with operations looked at.

    Raises:
        MissingError: There is no such target that the caller may see.
    """
    known = scans.listed(connection, caller, target_id, 20)
    # Those of other tools name no engine, and no operation.
    done = next(
        (r for r in known if r.state == "done" and r.kind != "advisories" and r.engines), None
    )
    if done is None:
        return Looked(None, [], [], {})
    try:
        body = scans.report(connection, caller, done.id)
    except MissingError:  # retention took it
        return Looked(None, [], [], {})
    if len(body) > LARGEST:
        return Looked(done, [], [], {}, large=True)
    report = json.loads(body)
    table = report if isinstance(report, dict) else {}
    operations = list(_operations(_table(table.get("coverage")).get("by_operation")))
    matrix: dict[str, dict[str, tuple[str, str]]] = {}
    for operation, identity, cell in _cells(table):
        matrix.setdefault(operation, {})[identity] = cell
    identities = sorted({name for row in matrix.values() for name in row}, key=_nobody_first)
    return Looked(done, operations[:MOST], identities[:30], matrix)


def _operations(given: Any) -> Iterator[Operation]:
    for item in _tables(given):
        yield Operation(
            name=_text(item.get("operation")),
            reached=item.get("reached") is True,
            authenticated=item.get("authenticated") is True,
            identity=_text(item.get("identity")) or NOBODY,
            status=_status(item.get("status")),
            slots=_number(item.get("slots")),
            attacked=_number(item.get("attacked")),
            why=_text(item.get("why")),
        )


def _cells(report: Mapping[str, Any]) -> Iterator[tuple[str, str, tuple[str, str]]]:
    for finding in _tables(report.get("findings")):
        for proof in _tables(finding.get("proof")):
            operation = _text(proof.get("operation"))
            if proof.get("kind") == "matrix" and operation:
                told = (_status(proof.get("status")), _expected(proof.get("expected")))
                yield operation, _text(proof.get("identity")) or NOBODY, told


def _expected(given: Any) -> str:
    if isinstance(given, list):
        return ", ".join(_expected(one) for one in given[:5])
    return _text(given) or _status(given)


def _nobody_first(name: str) -> tuple[bool, str]:
    return (name != NOBODY, name)


def _status(given: Any) -> str:
    return str(given) if isinstance(given, int) and abs(given) < 1000 else ""


def _number(given: Any) -> int:
    return int(given) if isinstance(given, int | float) and 0 <= given < 1e6 else 0


def _text(given: Any) -> str:
    return given[:1000] if isinstance(given, str) else ""


def _table(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, dict) else {}


def _tables(given: Any) -> list[Mapping[str, Any]]:
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []

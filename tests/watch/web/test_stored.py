"""Rows that an earlier version kept: half a character or no number in them ends no page and no answer."""

from __future__ import annotations

import json
import zlib
from typing import Any

from sqlalchemy import Table, text

from buckler.watch.db import alerts
from buckler.watch.db.scans import REPORTS
from buckler.watch.db.tables import METADATA
from buckler.watch.db.types import Data
from buckler.watch.interface import Caller
from buckler.watch.reports import document
from tests.watch import made
from tests.watch.web.site import Browser, Site, full
from tests.watch.web.test_events import application, event, send
from tests.watch.web.test_pages import pages

HALF = "\ud800"
CHANNEL = {
    "name": "desk",
    "kind": "email",
    "options": {"host": "a.example", "recipients": ["a@b.example"], "sender": "c@d.example"},
    "sealed": "",
    "filters": {"rules": ["INJ001"]},
    "quiet": None,
    "digest": 0.0,
}
OWN = {"sla", "quiet", "counts", "changes"}
"""What nobody else wrote."""
JUDGED = {"filters", "options", "rules"}
"""Whose shape was always judged, but not each character."""
NUMBERS = {HALF: float("nan"), "more": float("inf")}
KEPT = [
    (table, column.name)
    for table in METADATA.sorted_tables
    for column in table.columns
    if isinstance(column.type, Data) and column.name not in OWN
] + [(REPORTS, "body")]


def odd(value: Any, more: dict[str, Any]) -> Any:
    """The same with half a character at the end of each text, and something more in each object."""
    if isinstance(value, str):
        return f"{value}{HALF}"
    if isinstance(value, list):
        return [odd(one, more) for one in value]
    if isinstance(value, dict):
        return {name: odd(one, more) for name, one in value.items()} | more
    return value


def spoil(web: Site, table: Table, name: str) -> bool:
    """Make what a column holds odd, past all that judges it now; whether it held something."""
    more = {} if name in JUDGED else NUMBERS
    key = next(iter(table.primary_key.columns)).name
    with web.service.database.write() as connection:
        rows = connection.execute(text(f"SELECT {key}, {name} FROM {table.name}")).all()
        for at, value in rows:
            whole = isinstance(value, bytes)
            kept = json.dumps(odd(json.loads(zlib.decompress(value) if whole else value), more))
            given = zlib.compress(kept.encode()) if whole else kept
            connection.execute(
                text(f"UPDATE {table.name} SET {name} = :given WHERE {key} = :at"),
                {"given": given, "at": at},
            )
    return bool(rows)


def test_what_an_earlier_version_kept_is_shown(web: Site, ann: Browser) -> None:
    target = web.target(ann, full(1), made.finding(2))
    with web.service.database.write() as connection:
        alerts.add_channel(connection, Caller(ann.id), CHANNEL)
    token = application(web, ann, target)
    assert send(web, token, event(1)).status_code == 202
    full_of = {f"{table.name}.{name}": spoil(web, table, name) for table, name in KEPT}
    assert [name for name, some in full_of.items() if not some] == []
    for page in pages(web, target):
        answer = ann.get(page)
        assert answer.status_code == 200, (page, answer.text[:300])
    found, scan = web.findings(target)[0].id, web.scan(target)
    for path in (
        "targets",
        f"targets/{target}",
        f"targets/{target}/report",
        f"scans/{scan}",
        "findings",
        f"findings/{found}",
        "alerts",
        "channels",
        "deliveries",
        "events",
        f"timeline?target={target}",
        f"targets/{target}/vex?format=openvex",
        f"targets/{target}/vex?format=cyclonedx",
    ):
        answer = ann.get(f"/api/{path}")
        assert answer.status_code == 200, (path, answer.text[:300])
        assert HALF not in answer.text
    report = made.report(full(1, title="more"))
    assert made.push(web.service.database, target, report, 9e9).note == ""


def test_numbers_that_are_none_are_not_read_back() -> None:
    assert document.kept('{"a": [NaN, 1], "b": -Infinity}') == {"a": [None, 1], "b": None}

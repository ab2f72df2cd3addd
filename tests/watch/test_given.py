"""Text that is no Unicode, numbers that are none, and places that cannot be: refused with a reason or kept, and shown again."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from buckler.watch import registering
from buckler.watch.db import inventories, scans
from buckler.watch.db.database import Database
from buckler.watch.errors import RefusedError
from buckler.watch.interface import SYSTEM, Caller
from buckler.watch.registering import Given
from buckler.watch.scanning.address import Allowed
from buckler.watch.web import operations
from tests.watch.asking import Api, pushed
from tests.watch.made import finding, push, report, target

HALF = '"\\ud800"'
PLACE = {"path": "@", "line": 1, "operation": "@", "slot": "@"}
SARIF: dict[str, Any] = {
    "version": "2.1.0",
    "runs": [
        {
            "tool": {"driver": {"name": "@"}},
            "results": [{"ruleId": "@", "message": {"text": "@"}}],
        }
    ],
}
MAIL = {"host": "93.184.216.34", "sender": "a@shop.example", "recipients": ["b@shop.example"]}


def sent(api: Api, key: str, path: str, made: Any, written: str) -> Any:
    """The answer to a document in which something else stands in place of each ``@``."""
    body = json.dumps(made).replace('"@"', written)
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    return api.client.post(path, content=body, headers=headers)


@pytest.mark.parametrize("written", [HALF, '"\\u0000"', '"a\\udfff\\u0000b"'])
@pytest.mark.parametrize(
    "made",
    [report(finding(7, location=PLACE, context={"a": "@"}, title="@")), SARIF],
    ids=["own", "sarif"],
)
def test_a_report_with_half_a_character_is_kept_and_shown(
    api: Api, ann: str, made: dict[str, Any], written: str
) -> None:
    shop = pushed(api, ann)
    path = f"/api/targets/{shop}"
    for changes in ({"new": 1}, {}):
        answer = sent(api, ann, f"{path}/reports", made, written)
        assert (answer.status_code, answer.json().get("changes")) == (201, changes), answer.text
    found = api.ask(ann, "GET", f"/api/findings?target={shop}").json()["findings"]
    assert len(found) == 1
    for shown in (f"/api/findings/{found[0]['id']}", f"{path}/report", "/api/alerts"):
        assert api.ask(ann, "GET", shown).status_code == 200, shown
    last = api.ask(ann, "GET", f"{path}/report").json()
    assert last == json.loads(json.dumps(made).replace('"@"', written))


def test_half_a_character_in_bytes_is_no_text_and_windows_writes_some(api: Api, ann: str) -> None:
    path = f"/api/targets/{pushed(api, ann)}"
    whole = json.dumps(report(finding(3, title="caf\u00e9 \U0001f600")), ensure_ascii=False)
    half = whole.encode().replace(
        b"shop", b"\xed\xa0\x80"
    )  # U+D800, as UTF-8 has none (RFC 3629, 3)
    sixteen = whole.encode("utf-16").replace("shop".encode("utf-16-le"), b"\x00\xd8" * 4)
    headers = {"X-API-Key": ann, "Content-Type": "application/json"}
    for body in (half, sixteen, whole.encode("latin-1", "replace")):
        answer = api.client.post(f"{path}/reports", content=body, headers=headers)
        assert (answer.status_code, "report: it is no text" in answer.text) == (422, True)
    for encoding, changes in (("utf-8-sig", {"new": 1}), ("utf-16", {}), ("utf-16-be", {})):
        answer = api.client.post(f"{path}/reports", content=whole.encode(encoding), headers=headers)
        assert (answer.status_code, answer.json().get("changes")) == (201, changes), answer.text
    (found,) = api.ask(ann, "GET", f"/api/findings?target={path[13:]}").json()["findings"]
    assert found["title"] == "caf\u00e9 \U0001f600"
    with api.service.database.read() as connection:
        assert operations.of(connection, SYSTEM, path[13:]).identities == []


@pytest.mark.parametrize("written", ["NaN", "-Infinity", "1e400", "9" * 400, "1e30", "-1"])
@pytest.mark.parametrize("where", ["score", "line", "slots", "context", "reached"])
def test_numbers_that_are_none_are_refused(api: Api, ann: str, where: str, written: str) -> None:
    given: Any = {
        "score": report(score="@"),
        "line": report(finding(1, location={**PLACE, "path": "a", "line": "@"})),
        "slots": report(
            coverage={"by_operation": [{"operation": "GET /", "reached": True, "slots": "@"}]}
        ),
        "context": report(finding(1, context={"a": "@"})),
        "reached": report(
            coverage={
                "by_operation": [{"operation": "GET /", "reached": True}],
                "reached_share": "@",
            }
        ),
    }[where]
    shop = pushed(api, ann)
    answer = sent(api, ann, f"/api/targets/{shop}/reports", given, written)
    harmless = where in ("line", "slots", "context") and written in ("9" * 400, "1e30", "-1")
    assert answer.status_code == 422 or (harmless and answer.status_code == 201), answer.text
    assert api.ask(ann, "GET", f"/api/targets/{shop}/report").status_code == 200
    for row in api.ask(ann, "GET", f"/api/findings?target={shop}").json()["findings"]:
        assert api.ask(ann, "GET", f"/api/findings/{row['id']}").status_code == 200


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("email", '{"port": {"a": 1}}'),
        ("email", '{"port": "x"}'),
        ("email", '{"port": NaN}'),
        ("email", '{"port": -1}'),
        ("email", '{"port": 70000}'),
        ("email", '{"username": "\\ud800"}'),
        ("email", '{"\\ud800": 1}'),
        ("filters", '{"rules": ["\\ud800"]}'),
        ("filters", '{"\\ud800": []}'),
    ],
)
def test_channels_that_cannot_be_shown_are_refused(
    api: Api, ann: str, kind: str, given: str
) -> None:
    told = json.loads(given)
    made: dict[str, Any] = {"name": "x", "kind": "email", "options": MAIL}
    made = {**made, "filters": told} if kind == "filters" else {**made, "options": {**MAIL, **told}}
    answer = sent(api, ann, "/api/channels", made, "")
    assert answer.status_code == 422, answer.text
    assert api.ask(ann, "GET", "/api/channels").status_code == 200


def test_ids_that_are_no_text_are_not_there(api: Api, ann: str) -> None:
    answer = sent(api, ann, "/api/deliveries/again", {"deliveries": ["@"]}, HALF)
    assert answer.json() == {"waiting": 0}


@pytest.mark.parametrize("kind", ["folder", "environment"])
@pytest.mark.parametrize("name", ["\ud800", "a" * 300, "loop/x"])
def test_folders_that_cannot_be_are_refused(
    database: Database, tmp_path: Path, kind: str, name: str
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    given = Given(kind=kind, location=str(tmp_path / name))
    with database.write() as connection, pytest.raises(RefusedError, match="location: "):
        registering.add(connection, Caller("ann"), given, 1.0, allowed=Allowed(folders=(tmp_path,)))


def test_a_place_is_one_target_of_each_who_gives_it(database: Database, tmp_path: Path) -> None:
    given, allowed = Given(kind="folder", location=str(tmp_path)), Allowed(folders=(tmp_path,))
    made = []
    for who in ("ann", "bob", "bob", "ann"):
        with database.write() as connection:
            made.append(registering.add(connection, Caller(who), given, 1.0, allowed=allowed))
    assert made[0] == made[3] != made[1] == made[2]


def test_the_last_report_is_the_last_one_that_there_is(api: Api, ann: str) -> None:
    shop, now = pushed(api, ann, finding(1)), time.time()
    with api.service.database.write() as connection:
        made = scans.pushed(connection, SYSTEM, shop, now + 60, kind="advisories")
        scans.end(connection, made, 1, "done", {"ended_at": now + 60, "engines": ["packages"]})
        scans.drop_reports(connection, now + 30)
    answer = api.ask(ann, "GET", f"/api/targets/{shop}/report")
    assert (answer.status_code, answer.json()) == (200, report(finding(1)))


def test_reports_of_other_tools_take_nothing_from_the_page_of_operations(
    database: Database,
) -> None:
    shop = target(database)
    operation = {"operation": "GET /", "reached": True, "slots": 1, "attacked": 1}
    push(database, shop, report(coverage={"by_operation": [operation]}), 1000.0)
    with database.write() as connection:
        made = scans.pushed(connection, SYSTEM, shop, 2000.0, kind="push")
        scans.end(connection, made, 1, "done", {"ended_at": 2000.0, "engines": []})
        scans.keep_report(connection, made, json.dumps(SARIF).encode())
        scans.drop_reports(connection, 3000.0)
    with database.read() as connection:
        shown = operations.of(connection, SYSTEM, shop)
    assert [one.name for one in shown.operations] == ["GET /"]


@pytest.mark.parametrize("date", ["9999-12-31T00:00:00Z", "zzz", "2999"])
def test_advisories_of_tomorrow_do_not_outdate_those_of_today(
    database: Database, date: str
) -> None:
    def having(when: str, *found: dict[str, Any]) -> dict[str, Any]:
        told = {"date": when, "pins": []}
        return report(*found, coverage={"by_operation": [], "gaps": [], "packages": told})

    shop = target(database)
    push(database, shop, having(date), 1000.0)
    weak = finding(1, "PKG004", proof=[{"kind": "advisory"}])
    assert push(database, shop, having("2026-11-01T00:00:00Z", weak), 2000.0).changes == {"new": 1}
    with database.read() as connection:
        assert inventories.date(connection, shop) == "2026-11-01T00:00:00Z"

"""Statements about packages: what is given closes findings while it lasts, what is told can be read by others."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from buckler.scan.engines.packages.documents import reading
from buckler.watch import decisions
from buckler.watch.db import alerts, findings, targets
from buckler.watch.db.database import Database
from buckler.watch.db.findings import Wanted
from buckler.watch.decisions import Decision
from buckler.watch.interface import SYSTEM
from buckler.watch.vex import giving, stated
from buckler.watch.workflows import clock
from tests.scan.packages.openvex import errors
from tests.watch.asking import Api, pushed
from tests.watch.made import finding, push, report, target

NOW = 1_795_900_000.0


def advised(number: int, version: str = "2.0.0", **changes: Any) -> dict[str, Any]:
    """A finding of PKG004 about a version of requests."""
    proof = {
        "kind": "advisory",
        "advisory": f"CVE-2026-{number:04}",
        "aliases": [f"GHSA-{number:04}"],
        "package": "requests",
        "installed": version,
        "upgrade": "2.32.0",
    }
    rest = {"subject": f"requests {version}", "severity": "high", "confidence": "observed"}
    return finding(number, "PKG004", **{**rest, "proof": [proof], **changes})


def openvex(*said: dict[str, Any]) -> bytes:
    rest = {
        "products": [{"@id": "pkg:pypi/requests@2.0.0"}],
        "status": "not_affected",
        "justification": "vulnerable_code_not_present",
    }
    made = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "urn:x",
        "author": "ann",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": 1,
        "statements": [{**rest, **one} for one in said],
    }
    return json.dumps(made).encode()


def cyclonedx(name: str, until: str) -> bytes:
    made = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "vulnerabilities": [
            {
                "id": name,
                "analysis": {"state": "not_affected", "detail": "nobody calls it"},
                "affects": [{"ref": "pkg:pypi/requests@2.0.0"}],
                "properties": [{"name": "buckler:expires", "value": until}],
            }
        ],
    }
    return json.dumps(made).encode()


def states(database: Database, shop: str) -> dict[int, str]:
    with database.read() as connection:
        rows = findings.listed(connection, SYSTEM, Wanted(target_id=shop))
    return {int(row.fingerprint, 16): row.state for row in rows}


def give(database: Database, shop: str, body: bytes, now: float = NOW) -> tuple[str, Any]:
    with database.write() as connection:
        return stated.add(connection, SYSTEM, shop, "vex.json", body, now)


def test_a_statement_closes_what_it_names_and_opens_it_when_it_is_taken_away(
    database: Database,
) -> None:
    shop = target(database)
    push(database, shop, report(advised(1), advised(2), advised(3, "2.1.0"), finding(9)), NOW)
    made, changes = give(
        database,
        shop,
        openvex(
            {"vulnerability": {"name": "GHSA-0001"}},  # an alias
            {"vulnerability": {"name": "CVE-2026-0003"}},  # another version
        ),
    )
    assert changes == {"closed": 1, "opened": 0}
    assert states(database, shop) == {1: "false_alarm", 2: "open", 3: "open", 9: "open"}
    with database.read() as connection:
        row = findings.listed(connection, SYSTEM, Wanted(states=("false_alarm",)))[0]
        history = findings.history(connection, SYSTEM, row.id)
    assert "vulnerable code not present" in row.reason
    assert "vex.json" in row.reason
    assert [(h.before, h.after, h.who) for h in history][-1] == ("open", "false_alarm", "watch")
    push(database, shop, report(advised(1), advised(2), advised(3, "2.1.0"), finding(9)), NOW + 10)
    assert states(database, shop)[1] == "false_alarm"
    with database.write() as connection:
        assert stated.remove(connection, SYSTEM, shop, made, NOW + 20) == {"closed": 0, "opened": 1}
    assert states(database, shop)[1] == "open"
    push(database, shop, report(advised(1), advised(2), advised(3, "2.1.0"), finding(9)), NOW + 30)
    assert states(database, shop)[1] == "open"


def test_what_is_stated_already_opens_nothing_and_tells_nobody(database: Database) -> None:
    shop = target(database)
    push(database, shop, report(advised(2)), NOW)
    made, _ = give(database, shop, openvex({"vulnerability": {"name": "CVE-2026-0001"}}))
    push(database, shop, report(advised(1), advised(2)), NOW + 10)
    assert states(database, shop) == {1: "false_alarm", 2: "open"}
    with database.read() as connection:
        assert [a.kind for a in alerts.listed(connection, SYSTEM)] == ["first_report"]
    with database.write() as connection:
        assert stated.remove(connection, SYSTEM, shop, made, NOW + 20)["opened"] == 1
    assert states(database, shop) == {1: "open", 2: "open"}


def test_a_finding_of_two_weaknesses_is_closed_by_statements_about_both(
    database: Database,
) -> None:
    shop = target(database)
    both = [advised(1)["proof"][0], advised(2)["proof"][0]]
    push(database, shop, report(advised(1, proof=both)), NOW)
    give(database, shop, openvex({"vulnerability": {"name": "CVE-2026-0001"}}))
    assert states(database, shop) == {1: "open"}
    give(database, shop, openvex({"vulnerability": {"name": "CVE-2026-0002"}}))
    assert states(database, shop) == {1: "false_alarm"}


def test_a_later_statement_takes_it_back(database: Database) -> None:
    shop = target(database)
    push(database, shop, report(advised(1)), NOW)
    give(database, shop, openvex({"vulnerability": {"name": "CVE-2026-0001"}}))
    affected = {
        "vulnerability": {"name": "CVE-2026-0001"},
        "status": "affected",
        "justification": "",
        "timestamp": "2026-02-01T00:00:00Z",
        "action_statement": "upgrade",
    }
    assert give(database, shop, openvex(affected))[1] == {"closed": 0, "opened": 1}
    assert states(database, shop) == {1: "open"}


def test_a_statement_ends(database: Database) -> None:
    shop = target(database)
    push(database, shop, report(advised(1)), NOW)
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW + 1000))
    give(database, shop, cyclonedx("CVE-2026-0001", until))
    assert states(database, shop) == {1: "false_alarm"}
    assert clock.acceptances(database, NOW + 999) == 0
    assert clock.acceptances(database, NOW + 1000) == 1
    assert states(database, shop) == {1: "open"}
    with database.read() as connection:
        assert alerts.listed(connection, SYSTEM)[0].kind == "acceptance_expired"
        row = findings.listed(connection, SYSTEM, Wanted(target_id=shop))[0]
    assert (row.by_code, row.accepted_by, row.accepted_until) == (False, "", None)
    push(database, shop, report(advised(1)), NOW + 1010)
    assert states(database, shop) == {1: "open"}
    assert clock.acceptances(database, NOW + 9e9) == 0


def test_a_decision_of_a_person_stays_theirs(database: Database) -> None:
    shop = target(database)
    push(database, shop, report(advised(1)), NOW)
    with database.write() as connection:
        row = findings.listed(connection, SYSTEM, Wanted())[0]
        decision = Decision(what="false_alarm", reason="we looked at it")
        decisions.decide(connection, SYSTEM, row.id, row.version, decision, NOW)
    made, _ = give(database, shop, openvex({"vulnerability": {"name": "CVE-2026-0001"}}))
    with database.write() as connection:
        stated.remove(connection, SYSTEM, shop, made, NOW)
    assert states(database, shop) == {1: "false_alarm"}


def told(database: Database, shop: str, form: giving.Format) -> Any:
    with database.read() as connection:
        row = targets.get(connection, SYSTEM, shop)
        return json.loads(giving.document(connection, row, form, NOW))


def all_states(database: Database) -> str:
    shop = target(database)
    everything = [
        advised(1),
        advised(2),
        advised(3),
        advised(4),
        advised(5, confidence="suspected"),
    ]
    push(database, shop, report(*everything, finding(9)), NOW)
    push(database, shop, report(*everything[1:], finding(9)), NOW + 10)
    with database.write() as connection:
        rows = findings.listed(connection, SYSTEM, Wanted(target_id=shop))
        by_number = {int(row.fingerprint, 16): row for row in rows}
        for number, decision in (
            (2, Decision(what="false_alarm", reason="nobody calls it")),
            (3, Decision(what="accept", reason="behind a wall", until=NOW + 86_400)),
        ):
            one = by_number[number]
            decisions.decide(connection, SYSTEM, one.id, one.version, decision, NOW + 20)
    return shop


def test_openvex_says_how_findings_stand(database: Database) -> None:
    document = told(database, all_states(database), "openvex")
    assert errors(document) == []
    said = {one["vulnerability"]["name"][-1]: one for one in document["statements"]}
    assert {number: one["status"] for number, one in said.items()} == {
        "1": "fixed",
        "2": "not_affected",
        "3": "affected",
        "4": "affected",
        "5": "under_investigation",
    }
    assert said["2"]["impact_statement"] == "nobody calls it"
    assert "behind a wall" in said["3"]["action_statement"]
    assert "2.32.0" in said["4"]["action_statement"]
    assert said["4"]["vulnerability"]["aliases"] == ["GHSA-0004"]


def test_cyclonedx_is_valid_and_reads_back_the_same(database: Database) -> None:
    shop = all_states(database)
    document = told(database, shop, "cyclonedx")
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(json.dumps(document)) is None
    for form in ("cyclonedx", "openvex"):
        text = json.dumps(told(database, shop, form))  # type: ignore[arg-type]
        said, problems = reading.read("v", text)
        assert problems == ()
        assert {one.vulnerabilities[0][-1]: one.status.value for one in said} == {
            "1": "fixed",
            "2": "not_affected",
            "3": "affected",
            "4": "affected",
            "5": "under_investigation",
        }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b"{" * 5000,
        b'{"bomFormat": "CycloneDX"}',
        openvex({"vulnerability": {}}),
        openvex({"vulnerability": {"name": "CVE-1"}, "status": "harmless"}),
        openvex({"vulnerability": {"name": "CVE-1"}, "justification": ""}),
        b" " * (stated.MOST_BYTES + 1),
    ],
)
def test_a_document_that_is_none_is_refused(api: Api, ann: str, body: bytes) -> None:
    shop = pushed(api, ann, advised(1))
    answer = api.ask(ann, "POST", f"/api/targets/{shop}/vex/documents", content=body)
    assert answer.status_code in (400, 413, 422), answer.text
    assert api.ask(ann, "GET", f"/api/targets/{shop}/vex/documents").json() == []


def test_documents_are_of_who_may_see_the_target(api: Api, ann: str) -> None:
    shop, other = pushed(api, ann, advised(1)), pushed(api, ann)
    path = f"/api/targets/{shop}/vex/documents"
    body = openvex({"vulnerability": {"name": "CVE-2026-0001"}})
    made = api.ask(ann, "POST", path, content=body, params={"name": "of ann.json"})
    assert made.status_code == 201, made.text
    assert made.json()["changes"]["closed"] == 1
    one = made.json()["id"]
    assert [d["name"] for d in api.ask(ann, "GET", path).json()] == ["of ann.json"]
    bob = api.key("bob", "analyst")
    for method, where in (
        ("GET", path),
        ("POST", path),
        ("DELETE", f"{path}/{one}"),
        ("GET", f"/api/targets/{shop}/vex"),
    ):
        assert api.ask(bob, method, where, content=body).status_code == 404, (method, where)
    wrong = f"/api/targets/{other}/vex/documents/{one}"
    assert api.ask(ann, "DELETE", wrong).status_code == 404
    said = api.ask(ann, "GET", f"/api/targets/{shop}/vex", params={"format": "cyclonedx"}).json()
    assert said["vulnerabilities"][0]["analysis"]["state"] == "not_affected"
    assert api.ask(ann, "DELETE", f"{path}/{one}").json()["changes"]["opened"] == 1


def test_many_are_changed_together_or_not_at_all(api: Api, ann: str, name: str) -> None:
    shop = pushed(api, ann, *(finding(n) for n in range(4)))
    listed = api.ask(ann, "GET", "/api/findings", params={"target": shop}).json()["findings"]
    versions = {one["id"]: one["version"] for one in listed}
    stale, gone = listed[0]["id"], "0" * 32
    body = {
        "findings": {**versions, stale: 7, gone: 1},
        "decision": {"what": "false_alarm", "reason": "looked at by hand"},
        "assignee": api.account(name),
        "comment": "all of one kind",
    }
    answer = api.ask(ann, "POST", "/api/findings/edits", json=body)
    assert answer.status_code == 409, answer.text
    refused = answer.json()["refused"]
    assert {which: one["status"] for which, one in refused.items()} == {stale: 409, gone: 404}
    assert refused[stale]["present"]["version"] == 1
    listed = api.ask(ann, "GET", "/api/findings", params={"target": shop}).json()["findings"]
    assert {one["state"] for one in listed} == {"open"}
    bob = api.key("bob", "analyst")
    answer = api.ask(bob, "POST", "/api/findings/edits", json={**body, "findings": versions})
    assert {one["status"] for one in answer.json()["refused"].values()} == {404}
    answer = api.ask(ann, "POST", "/api/findings/edits", json={**body, "findings": versions})
    assert answer.json() == {"versions": dict.fromkeys(versions, 3)}
    one = api.ask(ann, "GET", f"/api/findings/{stale}").json()
    assert (one["state"], one["assignee"]) == ("false_alarm", api.account(name))
    assert sorted(h["what"] for h in one["history"][1:]) == ["assignee", "comment", "state"]

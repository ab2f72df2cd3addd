"""SARIF and CycloneDX of other tools: what is right is read as the standards say, what is wrong is told by its field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from buckler.watch import ingest
from buckler.watch.db import findings
from buckler.watch.db.database import Database
from buckler.watch.errors import RefusedError
from buckler.watch.ingest import Taken
from buckler.watch.interface import SYSTEM
from buckler.watch.reports import document
from buckler.watch.reports.any import read
from buckler.watch.reports.values import Read
from tests.watch.made import finding, push, report, target


def sarif(*results: dict[str, Any], **run: Any) -> dict[str, Any]:
    driver = {
        "name": "Semgrep OSS",
        "rules": [
            {
                "id": "sqli",
                "shortDescription": {"text": "SQL injection"},
                "defaultConfiguration": {"level": "error"},
                "messageStrings": {"default": {"text": "{0} reaches the database"}},
                "properties": {"security-severity": "9.8"},
            },
            {"id": "style", "defaultConfiguration": {"level": "note"}},
        ],
    }
    made = {"tool": {"driver": driver}, "results": list(results), **run}
    return {"version": "2.1.0", "$schema": "https://json.schemastore.org/sarif", "runs": [made]}


def result(rule: str = "sqli", line: int = 7, text: str = "bad", **more: Any) -> dict[str, Any]:
    region = {"startLine": line, "snippet": {"text": "db.execute(q)"}}
    place = {"physicalLocation": {"artifactLocation": {"uri": "app/db.py"}, "region": region}}
    return {"ruleId": rule, "message": {"text": text}, "locations": [place], **more}


def bom(*vulnerabilities: dict[str, Any]) -> dict[str, Any]:
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {"tools": {"components": [{"name": "trivy"}]}},
        "components": [{"bom-ref": "a", "name": "jinja2", "version": "2.0", "components": []}],
        "vulnerabilities": list(vulnerabilities),
    }


def known(name: str = "CVE-2026-1", **more: Any) -> dict[str, Any]:
    return {"id": name, "affects": [{"ref": "a"}], "ratings": [{"severity": "high"}], **more}


def parsed(made: Any) -> Read:
    return read(document.load(json.dumps(made).encode()))


def taken(database: Database, target_id: str, made: Any, now: float) -> Taken:
    return ingest.push(database, SYSTEM, target_id, parsed(made), json.dumps(made).encode(), now)[1]


def test_a_result_as_the_standard_has_it() -> None:
    (one,) = parsed(sarif(result())).findings
    assert (one.rule, one.title, one.path, one.line) == ("sqli", "SQL injection", "app/db.py", 7)
    assert one.severity == "critical"  # the score of 9.8 is worth more than the level
    (one,) = parsed(sarif(result("style"))).findings
    assert one.severity == "low"
    (one,) = parsed(sarif(result("unknown"))).findings
    assert one.severity == "medium"  # 3.27.10: warning where nobody says
    said = {"message": {"id": "default", "arguments": ["q"]}}
    (one,) = parsed(sarif({**result(), **said})).findings
    assert one.message == "q reaches the database"


def test_results_that_are_none() -> None:
    left_out = (result(kind="pass"), result(baselineState="absent"))
    assert parsed(sarif(*left_out)).findings == ()
    (one,) = parsed(
        sarif(result(suppressions=[{"kind": "inSource", "justification": "safe"}]))
    ).findings
    assert one.suppression == "safe"
    (one,) = parsed(
        sarif(result(suppressions=[{"kind": "inSource", "status": "rejected"}]))
    ).findings
    assert one.suppression == ""


def test_a_moved_line_is_the_same_and_two_alike_are_two() -> None:
    (before,) = parsed(sarif(result(line=7))).findings
    (after,) = parsed(sarif(result(line=70))).findings
    assert before.fingerprint == after.fingerprint
    assert len(parsed(sarif(result(line=7), result(line=9))).findings) == 2
    given = {"partialFingerprints": {"primaryLocationLineHash": "39fa2ee980eb94b0:1"}}
    (named,) = parsed(sarif(result(**given))).findings
    (moved,) = parsed(sarif(result(line=8, text="other words", **given))).findings
    assert named.fingerprint == moved.fingerprint != before.fingerprint


def test_a_tool_closes_its_own_findings_and_nobody_elses(database: Database) -> None:
    shop = target(database)
    push(database, shop, report(finding(1)), 2000.0)
    assert taken(database, shop, sarif(result(), result("style")), 2100.0).changes == {"new": 2}
    assert taken(database, shop, bom(known()), 2200.0).changes == {"new": 1}
    failed = sarif(invocations=[{"executionSuccessful": False}])
    assert taken(database, shop, failed, 2300.0).changes == {}
    without = sarif()
    del without["runs"][0]["results"]
    assert taken(database, shop, without, 2310.0).changes == {}
    unjudged = {key: value for key, value in bom().items() if key != "vulnerabilities"}
    assert taken(database, shop, unjudged, 2320.0).changes == {}
    assert taken(database, shop, sarif(result()), 2400.0).changes == {"fixed": 1}
    assert taken(database, shop, bom(), 2500.0).changes == {"fixed": 1}
    with database.read() as connection:
        rows = findings.of_target(connection, shop)
    stand = sorted((row.tool, row.state) for row in rows)
    assert stand == [
        ("", "open"),
        ("Semgrep OSS", "fixed"),
        ("Semgrep OSS", "open"),
        ("trivy", "fixed"),
    ]


def test_a_vulnerability_of_a_component() -> None:
    (one,) = parsed(bom(known())).findings
    assert (one.severity, one.subject) == ("high", "jinja2 CVE-2026-1")
    (apart,) = parsed(
        bom(known(analysis={"state": "false_positive", "detail": "not used"}))
    ).findings
    assert apart.suppression == "not used"


@pytest.mark.parametrize(
    ("made", "field"),
    [
        ({"version": "2.0.0", "runs": []}, "version"),
        ({"version": "2.1.0", "runs": []}, "runs"),
        ({"version": "2.1.0", "runs": {}}, "runs"),
        ({"version": "2.1.0", "runs": [{"results": []}]}, "runs[0].tool.driver.name"),
        (sarif({"message": {"text": "x"}}), "runs[0].results[0].ruleId"),
        (sarif({"ruleId": "x"}), "runs[0].results[0].message"),
        (sarif(result(ruleIndex=9)), "runs[0].results[0].ruleIndex"),
        (sarif(result(level="huge")), "runs[0].results[0].level"),
        (sarif({**result(), "locations": {}}), "runs[0].results[0].locations"),
        (sarif(invocations=[{}]), "runs[0].invocations[0].executionSuccessful"),
        ({**bom(), "specVersion": "0.9"}, "specVersion"),
        (bom({"affects": []}), "vulnerabilities[0].id"),
        (bom(known(affects=[{}])), "vulnerabilities[0].affects[0].ref"),
        (bom(known(ratings=[{"severity": "huge"}])), "vulnerabilities[0].ratings[0].severity"),
        ({"hello": 1}, "report"),
    ],
)
def test_what_is_wrong_is_told_by_its_field(made: Any, field: str) -> None:
    if field.endswith("level"):
        made["runs"][0]["tool"]["driver"]["rules"][0].pop("properties")
    with pytest.raises(RefusedError) as refused:
        parsed(made)
    assert refused.value.message.startswith(field + ":")


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":' * 500 + b"1" + b"}" * 500,
        b'{"runs": "' + b"\\" * 100_001 + b'"}',
        b'{"runs": ' + b'"\\"' * 100_000,
        b"\xff\xfe",
        b'{"a": NaN',
        b"null",
    ],
)
def test_hostile_documents_are_refused(body: bytes) -> None:
    with pytest.raises(RefusedError, match="report"):
        document.load(body)


def test_a_large_document_is_refused_unread() -> None:
    with pytest.raises(RefusedError, match="MiB are more than"):
        document.load(b" " * (3 * 1024**2), 2 * 1024**2)

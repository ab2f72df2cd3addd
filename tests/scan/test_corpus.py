"""The shops and the sample applications: what must be found is found, where it must be, and
nothing is said of the look-alikes. With BUCKLER_OLDER=1 on older FastAPI as well.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from buckler.core.finding import Finding
from buckler.core.report import Report
from buckler.core.rule import Rule
from buckler.scan.engines.app.session import Options
from tests.conftest import ROOT, needs_server, scan_folder

INTERPRETERS: dict[str, Path | None] = {"newest": None}
if os.environ.get("BUCKLER_OLDER"):
    INTERPRETERS["0.136"] = ROOT / ".venvs/fastapi-0.136"
    INTERPRETERS["0.115"] = ROOT / ".venvs/fastapi-0.115"
NEAR = 2
SHOPS = ("insecure_shop", "secure_shop")
DRIVERS = {"asyncpg": "postgresql", "psycopg": "postgresql", "pymysql": "mysql", "redis": "redis"}
FOLDERS = sorted(
    path.parent
    for base in (ROOT / "examples", ROOT / "tests/corpus")
    for path in base.glob("**/expected.json")
)


def name_of(folder: Path) -> str:
    return folder.relative_to(ROOT).as_posix()


def without_convertors(operation: str | None) -> str | None:
    return re.sub(r":[a-z]+\}", "}", operation) if operation else operation


def rule_fits(entry: dict[str, Any], rule: Rule) -> bool:
    return rule.name == entry["rule"] if entry.get("rule") else entry["cwe"] in rule.cwe


def places(finding: Finding) -> list[tuple[str | None, int]]:
    own = [(finding.location.path, finding.location.line or 0)]
    return own + [(s["path"], s["line"]) for p in finding.proof for s in p.data.get("stack", ())]


def is_at(finding: Finding, entry: dict[str, Any]) -> bool:
    return any(
        path == entry["path"] and abs(line - entry["line"]) <= NEAR
        for path, line in places(finding)
    )


def is_of(finding: Finding, operation: str) -> bool:
    """Whether a finding is about an operation; one for a whole mount, where it was proved there."""
    if finding.location.operation is not None:
        return without_convertors(operation) == without_convertors(finding.location.operation)
    asked = [p.data["request"] for p in finding.proof if p.kind == "exchange"]
    return operation in [f"{request['method']} {request['url']}" for request in asked]


def matches(finding: Finding, entry: dict[str, Any], report: Report) -> bool:
    """The right weakness at the right operation, slot and line."""
    place = finding.location
    if not rule_fits(entry, report.rules[finding.rule]):
        return False
    if place.operation is None and finding.confidence != "proved":
        # What only source shows, in a function that several operations share.
        return bool(entry.get("path")) and is_at(finding, entry)
    if entry.get("operation") and not is_of(finding, entry["operation"]):
        return False
    if entry.get("slot") and place.slot and not place.slot.startswith(entry["slot"]):
        return False
    return is_at(finding, entry) or not entry.get("path")


def alarms(report: Report, expected: dict[str, Any]) -> list[str]:
    """Findings on look-alikes: same class at the same operation and slot, or the same line."""
    wanted = expected["must"]
    found = []
    for finding in report.findings:
        if any(matches(finding, entry, report) for entry in wanted):
            continue
        for entry in expected["must_not"]:
            if not rule_fits({"cwe": entry["cwe"]}, report.rules[finding.rule]):
                continue
            place = finding.location
            same = entry.get("operation") and without_convertors(
                entry["operation"]
            ) == without_convertors(place.operation)
            slot = not entry.get("slot") or entry["slot"] == place.slot
            if (same and slot) or (is_at(finding, entry) and not place.operation):
                found.append(
                    f"{finding.rule} {place.operation} {place.slot} {place.path}:{place.line}: {entry['why']}"
                )
    return found


def hits(report: Report, entry: dict[str, Any]) -> list[Finding]:
    return [finding for finding in report.findings if matches(finding, entry, report)]


def found_well(report: Report, entry: dict[str, Any]) -> bool:
    """Whether an entry is found as surely as it is labelled."""
    return any(f.confidence == entry["confidence"] for f in hits(report, entry))


def is_injection(rule: Rule) -> bool:
    """One that is confirmed at a sink: those must be proved."""
    return "attack" in rule.hooks() and rule.family in ("injection", "egress")


def describe(entry: dict[str, Any]) -> str:
    what = entry.get("rule") or entry["cwe"]
    return f"{what} {entry.get('operation')} {entry.get('slot')} {entry['path']}:{entry['line']}: {entry['why']}"


def wants_servers(folder: Path) -> bool:
    """Those need drivers, which only the newest environment has."""
    return folder.parent.name == "servers"


def _alone(folders: list[Path]) -> list[Path]:
    """Those that are scanned with a stand-in as well: all, or every third one."""
    wanting = [folder for folder in folders if wants_servers(folder)]
    return wanting if os.environ.get("BUCKLER_EVERYTHING") else wanting[::3]


def wanted_servers(folder: Path) -> tuple[str, ...]:
    """Kinds of the servers that its drivers are for."""
    wanted = (folder / "requirements.txt").read_text(encoding="utf-8").lower()
    return tuple(kind for driver, kind in DRIVERS.items() if driver in wanted)


def need_its_server(folder: Path) -> None:
    for kind in wanted_servers(folder):
        needs_server(kind)


@pytest.mark.parametrize("folder", [pytest.param(f, id=f.name) for f in _alone(FOLDERS)])
def test_with_a_stand_in_every_injection_is_found(folder: Path) -> None:
    """As on a machine without any server; what was found that way says so."""
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    report = scan_folder(folder, options=Options(database="stand-in"))
    assert not report.failed, report.failed
    assert set(report.coverage.servers.values()) == {"stand-in"}
    assert [describe(e) for e in expected["must"] if not hits(report, e)] == []
    assert alarms(report, expected) == []
    assert report.coverage.reached_share >= 0.9
    marked = [
        proof.data["sink"]
        for finding in report.findings
        for proof in finding.proof
        if proof.data.get("answered_by") == "stand-in"
    ]
    if {s.kind for s in report.coverage.servers} & {"postgresql", "mysql"}:
        assert marked.count("sql") >= sum(e["cwe"] == 89 for e in expected["must"])
    assert marked.count("nosql") >= sum(e["cwe"] == 943 for e in expected["must"])


def versions(folder: Path, number: int) -> list[str]:
    """On which FastAPI a folder is scanned: a shop on the oldest as well, every fourth folder on an older one."""
    if wants_servers(folder):
        return ["newest"]
    if os.environ.get("BUCKLER_EVERYTHING"):
        return list(INTERPRETERS)
    older = [version for version in INTERPRETERS if version != "newest"]
    if folder.name == "insecure_shop":
        return ["newest", *older[-1:]]
    return ["newest", *(older[number // 4 % 2 :: 2] if number % 4 == 1 else ())]


def _marks(folder: Path, version: str) -> list[pytest.MarkDecorator]:
    """The two shops are scanned whatever else is left out."""
    return [pytest.mark.always] if folder.name in SHOPS and version == "newest" else []


@pytest.mark.parametrize(
    ("folder", "version"),
    [
        pytest.param(
            folder, version, id=f"{name_of(folder)}-{version}", marks=_marks(folder, version)
        )
        for number, folder in enumerate(FOLDERS)
        for version in versions(folder, number)
    ],
)
def test_what_must_be_found_is_and_nothing_else(folder: Path, version: str) -> None:
    python = INTERPRETERS[version]
    if python is not None and not python.exists():
        pytest.skip(
            f"{python.relative_to(ROOT)} is not there: python scripts/interpreters.py makes it"
        )
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    if wants_servers(folder):
        need_its_server(folder)
    report = scan_folder(folder, python=str(python) if python else None)
    assert not report.failed, report.failed
    wanted = [e for e in expected["must"] if version not in e.get("not_on", ())]
    missed = [describe(e) for e in wanted if "missed" not in e and not hits(report, e)]
    unproved = [
        describe(e)
        for e in wanted
        if e["confidence"] == "proved"
        and any(is_injection(report.rules[f.rule]) for f in hits(report, e))
        and not any(f.confidence == "proved" for f in hits(report, e))
    ]
    assert missed == []
    assert unproved == []
    assert [describe(e) for e in wanted if "missed" in e and found_well(report, e)] == []
    if "also" in expected:
        known = [*expected["must"], *expected["also"]]
        assert [
            f"{f.rule} {f.location.operation} {f.location.slot} {f.location.path}:{f.location.line}"
            for f in report.findings
            if not any(matches(f, {"path": None, **entry}, report) for entry in known)
        ] == [], "neither expected nor labelled"
    assert alarms(report, expected) == []
    if not expected["must"]:
        assert [f"{f.rule} {f.location.operation} {f.message}" for f in report.findings] == []
        assert report.coverage.reached_share >= expected.get("reached", 0.9)

"""What is made of how far a project comes to a weakness: severities, reports, terminal, VEX."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from jsonschema import Draft202012Validator

import buckler
from buckler.scan.engines.packages.documents.bill import bill_of
from buckler.scan.engines.packages.documents.render import render
from buckler.scan.engines.packages.documents.state import DERIVED, shown
from buckler.scan.rules.packages.known_vulnerability import rated
from tests.scan.packages import openvex
from tests.scan.packages.reaching import CVE, advisory, looked_at, project
from tests.scan.packages.shop import NOW

APP = "from fastapi import FastAPI\nimport yaml\napp = FastAPI()\n\n@app.post('/read')\ndef read(text: str):\n    return parse(text)\n\ndef parse(text):\n    return yaml.%s(text)\n"
REACHED, LEFT_OUT = {"main.py": APP % "full_load"}, {"main.py": APP % "safe_load"}
WAY = "POST /read (main.py:5) > read() (main.py:6) > parse() (main.py:7) > yaml.full_load (main.py:10)"
STEPS = [("main.py", 5), ("main.py", 6), ("main.py", 7), ("main.py", 10)]
SETTINGS = '[project]\nname = "shop"\nversion = "1"\ndependencies = ["fastapi", "pyyaml"]\n[tool.buckler]\nadvisories = ["advisories"]\n'
MEDIUM = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"}]


def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    (folder / "pyproject.toml").write_text(SETTINGS)
    return subprocess.run(
        [sys.executable, "-m", "buckler", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        env={
            **os.environ,
            "BUCKLER_ADVISORIES": str(folder / "none"),
            "XDG_CACHE_HOME": str(folder.parent / "cache"),
        },
    )


@pytest.mark.parametrize(
    ("sources", "severity", "expected"),
    [
        (REACHED, MEDIUM, "medium"),
        (REACHED, [], "high"),
        (LEFT_OUT, MEDIUM, "low"),
        (LEFT_OUT, [], "low"),
    ],
    ids=["rated", "rated by nobody", "left out", "left out, rated by nobody"],
)
def test_severity(sources: dict[str, str], severity: Any, expected: str, tmp_path: Path) -> None:
    folder = project(tmp_path, sources, record=advisory(severity=severity))
    engine, _ = looked_at(folder)
    (seen,) = [s for s in engine.seen if s.weaknesses]
    assert rated(seen, seen.weaknesses[0]).value == expected


def test_the_way_is_in_every_report(tmp_path: Path) -> None:
    folder = project(tmp_path / "shop", REACHED)
    names = {"json": "r.json", "sarif": "r.sarif", "html": "r.html", "markdown": "r.md"}
    outputs = [part for name in names.values() for part in ("-o", tmp_path / name)]
    text = run(folder, "scan", folder, "--engines", "packages", *outputs).stdout
    assert "way    main.py:5  POST /read" in text and "main.py:10  yaml.full_load" in text
    report = json.loads((tmp_path / "r.json").read_text())
    schema = Path(buckler.__file__).parent / "scan/schema/report-1.schema.json"
    errors = Draft202012Validator(json.loads(schema.read_text())).iter_errors(report)
    assert [error.message for error in errors] == []
    (finding,) = [f for f in report["findings"] if f["id"] == "PKG004"]
    assert finding["proof"][0]["reach"] == "route" and WAY in finding["message"]
    assert [(s["path"], s["line"]) for s in finding["proof"][1]["steps"]] == STEPS
    assert finding["proof"][1]["operation"] == "POST /read"
    results = json.loads((tmp_path / "r.sarif").read_text())["runs"][0]["results"]
    (flow,) = next(r for r in results if r["ruleId"] == "PKG004")["codeFlows"]
    places = [at["location"]["physicalLocation"] for at in flow["threadFlows"][0]["locations"]]
    assert [(p["artifactLocation"]["uri"], p["region"]["startLine"]) for p in places] == STEPS
    for name in ("r.html", "r.md"):
        said = (tmp_path / name).read_text()
        assert "main.py:7" in said and "parse()" in said, name


def test_the_command_shows_the_way_and_ranks_by_it(tmp_path: Path) -> None:
    folder = project(tmp_path / "shop", REACHED)
    other = advisory(name="CVE-2019-20477").replace("SHOP-2026-1", "SHOP-2026-2")
    third = advisory(name="CVE-2018-1").replace("SHOP-2026-1", "SHOP-2026-3")
    (folder / "advisories/2.json").write_text(other)
    (folder / "advisories/3.json").write_text(third)
    text = " ".join(run(folder, "packages", folder).stdout.split())
    after = text[text.index("CVE-2019-20477") :]
    first, second = f"a request comes to it: {WAY}", f"a request comes to the package: {WAY}"
    told = [after.index(part) for part in (first, CVE, "CVE-2018-1", second)]
    assert told == sorted(told)
    assert after.count("a request comes") == 2, "what is the same is not said twice"
    document = json.loads(run(folder, "packages", folder, "--json").stdout)
    (package,) = [p for p in document["packages"] if p["name"] == "pyyaml"]
    reaches = {w["name"]: w["reach"] for w in package["weaknesses"]}
    assert reaches[CVE]["level"] == "route" and reaches[CVE]["operation"] == "POST /read"
    assert reaches["CVE-2018-1"]["level"] == "entered"


def documents(folder: Path, *, derived: bool = False) -> tuple[Any, Any]:
    engine, _ = looked_at(folder)
    judge = partial(shown, derived=derived)
    bill = bill_of(folder, engine.inventories, engine.seen, made=NOW, judge=judge)
    return json.loads(render("vex-openvex", bill)), json.loads(render("vex-cyclonedx", bill))


def test_vex_of_what_no_call_was_seen_of_states_nothing_unasked(tmp_path: Path) -> None:
    opened, cyclone = documents(project(tmp_path, LEFT_OUT))
    (said,) = opened["statements"]
    assert (said["status"], "justification" in said) == ("under_investigation", False)
    assert "main.py:2, and nothing in it was seen to lead" in said["status_notes"]
    (weakness,) = cyclone["vulnerabilities"]
    assert weakness["analysis"]["state"] == "in_triage"


def test_the_command_states_what_was_derived_where_it_is_asked_for(tmp_path: Path) -> None:
    folder = project(tmp_path / "shop", LEFT_OUT)
    stated = []
    for options in ((), ("--vex-derived",)):
        run(folder, "packages", folder, "--vex", tmp_path / "vex.json", *options)
        (said,) = json.loads((tmp_path / "vex.json").read_text())["statements"]
        stated.append(said["status"])
    assert stated == ["under_investigation", "not_affected"]


def test_vex_of_what_is_left_out_says_who_says_so(tmp_path: Path) -> None:
    opened, cyclone = documents(project(tmp_path, LEFT_OUT), derived=True)
    assert openvex.errors(opened) == []
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(json.dumps(cyclone)) is None
    (said,) = opened["statements"]
    assert said["status"] == "not_affected"
    assert said["justification"] == "vulnerable_code_not_in_execute_path"
    assert said["status_notes"].startswith(DERIVED) and "main.py:2" in said["status_notes"]
    (weakness,) = cyclone["vulnerabilities"]
    assert weakness["analysis"]["state"] == "not_affected"
    assert weakness["analysis"]["justification"] == "code_not_reachable"
    assert weakness["analysis"]["detail"].startswith(DERIVED)
    properties = {p["name"]: p["value"] for p in weakness["properties"]}
    assert properties == {"buckler:reach": "not-called", "buckler:derived": "true"}


def test_vex_of_what_a_request_comes_to_has_the_way(tmp_path: Path) -> None:
    opened, cyclone = documents(project(tmp_path, REACHED))
    (said,) = opened["statements"]
    assert (said["status"], "justification" in said) == ("affected", False)
    assert WAY in said["status_notes"]
    properties = {p["name"]: p["value"] for p in cyclone["vulnerabilities"][0]["properties"]}
    assert properties["buckler:way"] == WAY


def test_a_page_escapes_what_a_route_is_called(tmp_path: Path) -> None:
    hostile = {"main.py": (APP % "full_load").replace("/read", "/<script>`x`")}
    folder = project(tmp_path / "shop", hostile)
    run(folder, "scan", folder, "--engines", "packages", "-o", tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    assert "&lt;script&gt;`x`" in page and "<script>`x`" not in page

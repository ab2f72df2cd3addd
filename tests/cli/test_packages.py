"""``buckler advisories`` and ``buckler packages`` as commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.scan.packages.osv import archive, record

HIGH = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}
TODAY = datetime.now(UTC).isoformat()
LOCK = """version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "shop"
version = "1.0"
source = { virtual = "." }
dependencies = [{ name = "shop-orders" }]

[package.dev-dependencies]
dev = [{ name = "shop-tests" }]

[[package]]
name = "shop-labels"
version = "1.4.1"
source = { registry = "https://index.example/simple" }

[[package]]
name = "shop-orders"
version = "2.0"
source = { registry = "https://index.example/simple" }
dependencies = [{ name = "shop-labels" }]

[[package]]
name = "shop-tests"
version = "3.0"
source = { registry = "https://index.example/simple" }
"""
PROJECT = """[project]
name = "shop"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["shop-orders"]

[dependency-groups]
dev = ["shop-tests"]
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with a lock: what it asks for brings what is vulnerable, and so does a development group."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "uv.lock").write_text(LOCK)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "main.py").write_text("from fastapi import FastAPI\nimport shop_orders.baskets\n")
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """``run("packages", folder)`` is the finished command, with an index of its own."""

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "buckler", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "BUCKLER_ADVISORIES": str(tmp_path / "cache" / "a.sqlite")},
        )

    return call


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return archive(
        tmp_path / "all.zip",
        record(
            "PYSEC-2026-1",
            aliases=["CVE-2026-1000"],
            severity=[HIGH],
            modified=TODAY,
            summary="Loops",
        ),
        record("GHSA-aaaa-bbbb-cccc", aliases=["CVE-2026-1000"], modified=TODAY),
        record("PYSEC-2026-2", "shop-tests", events=[{"introduced": "0"}], severity=[HIGH]),
        "no record",
    )


def test_from_update_to_finding(run: Any, shop: Path, source: Path) -> None:
    updated = run("advisories", "update", "--from", source)
    assert updated.returncode == 0, updated.stderr
    assert updated.stdout.startswith("3 advisories about 2 packages")
    assert "left out 3.json: it cannot be read" in updated.stderr
    status = json.loads(run("advisories", "status", "--json").stdout)
    assert (status["advisories"], status["broken"]) == (3, 1) and status["age_days"] < 1
    shown = run("advisories", "show", "cve-2026-1000")
    assert "names     PYSEC-2026-1, CVE-2026-1000" in shown.stdout
    assert "affects   shop-labels < 1.4.2" in shown.stdout and "high, CVSS 7.5" in shown.stdout

    told = run("packages", shop, "--json")
    assert told.returncode == 1, told.stderr
    document = json.loads(told.stdout)
    packages = {item["name"]: item for item in document["packages"]}
    labels = packages["shop-labels"]
    assert labels["upgrade"] == "1.4.2" and not labels["direct"]
    assert labels["way"] == ["shop-orders", "shop-labels"]
    assert labels["reach"] == {
        "level": "brought",
        "by": "shop-orders",
        "operation": "",
        "steps": [["main.py", 2, "import shop_orders.baskets"]],
    }
    (weakness,) = labels["weaknesses"]
    assert weakness["name"] == "CVE-2026-1000" and weakness["severity"] == "high"
    assert set(weakness["aliases"]) == {"PYSEC-2026-1", "GHSA-aaaa-bbbb-cccc"}
    # Nothing imports it, and only development installs it: high, less two steps.
    assert packages["shop-tests"]["groups"] == ["dev"]
    assert [w["severity"] for w in packages["shop-tests"]["weaknesses"]] == ["low"]
    assert packages["shop-orders"]["weaknesses"] == []
    assert document["gaps"] == []

    text = run("packages", shop).stdout
    assert "HIGH     shop-labels 1.4.1 -> 1.4.2   uv.lock:14" in text
    assert "by shop-orders; used by shop-orders main.py:2" in text
    assert text.splitlines()[-2:] == [
        "  2 known weaknesses in 2 packages.",
        f"  Next: buckler fix {shop} --unsafe --rule PKG004 --diff",
    ]
    assert run("packages", shop, "--fail-on", "critical").returncode == 0


def test_a_scan_says_the_same(run: Any, shop: Path, source: Path, tmp_path: Path) -> None:
    run("advisories", "update", "--from", source)
    report = json.loads(run("scan", shop, "--engines", "packages", "--json").stdout)
    found = {f["subject"]: f for f in report["findings"] if f["id"] == "PKG004"}
    assert set(found) == {"shop-labels CVE-2026-1000", "shop-tests PYSEC-2026-2"}
    finding = found["shop-labels CVE-2026-1000"]
    assert (finding["severity"], finding["confidence"]) == ("high", "observed")
    assert finding["location"]["path"] == "uv.lock" and finding["location"]["line"] == 14
    assert finding["proof"][0]["upgrade"] == "1.4.2"
    assert report["coverage"]["packages"]["versions"] == 3


def test_without_an_index_nothing_is_called_clean(run: Any, shop: Path) -> None:
    told = run("packages", shop)
    assert told.returncode == 4
    assert "no package was matched with what is known" in told.stdout
    assert told.stdout.rstrip().endswith("Nothing was matched: buckler advisories update")
    report = json.loads(run("scan", shop, "--engines", "packages", "--json").stdout)
    assert [g["how_to_include"] for g in report["coverage"]["gaps"]] == [
        "buckler advisories update"
    ]
    assert run("advisories", "status").returncode == 2


def test_old_advisories_are_said_and_then_count_as_none(
    run: Any, shop: Path, tmp_path: Path
) -> None:
    old = record("PYSEC-2020-1", "shop-other", modified="2020-01-01T00:00:00Z")
    run("advisories", "update", "--from", archive(tmp_path / "old.zip", old))
    told = run("packages", shop)
    assert told.returncode == 4 and "the newest advisory is of 2020-01-01" in told.stdout
    allowed = run("packages", shop, "--max-advisory-age", 100_000)
    assert allowed.returncode == 0 and "the newest advisory is of 2020-01-01" in allowed.stdout
    late = run("scan", shop, "--engines", "packages")
    assert late.returncode == 4
    assert "the advisories are" in late.stdout and "operations were reached" not in late.stdout
    scanned = run("scan", shop, "--engines", "packages", "--max-advisory-age", 100_000)
    assert scanned.returncode == 0, scanned.stdout
    assert "buckler advisories update" in run("advisories", "status").stderr


def test_a_project_without_packages(run: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    told = run("packages", tmp_path / "empty")
    assert told.returncode == 0
    assert told.stdout.rstrip().endswith("No file of the project names a version of a package.")


def test_what_records_say_cannot_reach_the_terminal(run: Any, shop: Path, tmp_path: Path) -> None:
    evil = record("PYSEC-2026-1", summary="\x1b[2Jgone\x07", details="\x1b]0;title\x07")
    run("advisories", "update", "--from", archive(tmp_path / "a.zip", evil))
    for told in (run("packages", shop), run("advisories", "show", "PYSEC-2026-1")):
        assert "\x1b" not in told.stdout + told.stderr and "gone" in told.stdout


def test_a_statement_of_the_project_closes_a_finding_with_its_reason(
    run: Any, shop: Path, source: Path, tmp_path: Path
) -> None:
    run("advisories", "update", "--from", source)
    statement = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://shop.example/vex/1",
        "author": "security@shop.example",
        "timestamp": TODAY,
        "version": 1,
        "statements": [
            {
                "vulnerability": {"name": "PYSEC-2026-1"},
                "products": [{"@id": "pkg:pypi/shop-labels"}],
                "status": "not_affected",
                "justification": "vulnerable_code_not_present",
                "impact_statement": "Labels are not printed here.",
            }
        ],
    }
    (shop / "vex.json").write_text(json.dumps(statement))
    (shop / "pyproject.toml").write_text(PROJECT + '\n[tool.buckler]\nvex = ["vex.json"]\n')
    told = run("packages", shop, "--vex", tmp_path / "out.json")
    assert told.returncode == 0, told.stdout
    assert "shop-labels CVE-2026-1000: " in told.stdout
    assert "Labels are not printed here." in told.stdout
    assert told.stdout.rstrip().endswith("1 known weakness in 1 package.")
    written = json.loads((tmp_path / "out.json").read_text())
    states = {s["vulnerability"]["name"]: s["status"] for s in written["statements"]}
    assert states == {"CVE-2026-1000": "not_affected", "PYSEC-2026-2": "under_investigation"}
    report = json.loads(run("scan", shop, "--engines", "packages", "--json").stdout)
    assert [f["subject"] for f in report["findings"] if f["id"] == "PKG004"] == [
        "shop-tests PYSEC-2026-2"
    ]


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [("cyclonedx", "specVersion", "1.6"), ("spdx", "spdxVersion", "SPDX-2.3")],
)
def test_a_bill_of_materials_is_written(
    run: Any, shop: Path, tmp_path: Path, kind: str, key: str, value: str
) -> None:
    out = tmp_path / "sbom.json"
    assert run("packages", shop, "--sbom", out, "--sbom-format", kind).returncode == 4
    document = json.loads(out.read_text())
    assert document[key] == value
    parts = document.get("components") or document["packages"]
    assert {"shop-labels", "shop-orders", "shop-tests"} <= {part["name"] for part in parts}
    refused = run("packages", shop, "--sbom", tmp_path / "no" / "folder.json")
    assert refused.returncode == 2 and "cannot be written" in refused.stderr


def test_a_folder_of_the_project_is_not_the_published_package_of_its_name(
    run: Any, shop: Path, source: Path
) -> None:
    run("advisories", "update", "--from", source)
    own = LOCK.replace(
        'version = "1.4.1"\nsource = { registry = "https://index.example/simple" }',
        'version = "1.4.1"\nsource = { editable = "labels" }',
    )
    assert own != LOCK
    (shop / "uv.lock").write_text(own)
    packages = json.loads(run("packages", shop, "--json").stdout)["packages"]
    assert [p["name"] for p in packages if p["weaknesses"]] == ["shop-tests"]


def test_records_of_the_project_add_to_what_is_known(run: Any, shop: Path, source: Path) -> None:
    run("advisories", "update", "--from", source)
    (shop / "known").mkdir()
    own = {**record("SHOP-1", "shop-orders", events=[{"introduced": "0"}]), "summary": "Ours"}
    again = record("SHOP-2", aliases=["CVE-2026-1000"])
    (shop / "known" / "1.json").write_text(json.dumps(own))
    (shop / "known" / "2.json").write_text(json.dumps(again))
    (shop / "pyproject.toml").write_text(PROJECT + '\n[tool.buckler]\nadvisories = ["known"]\n')
    document = json.loads(run("packages", shop, "--json").stdout)
    weak = {p["name"]: [w["name"] for w in p["weaknesses"]] for p in document["packages"]}
    assert weak == {
        "shop-labels": ["CVE-2026-1000"],
        "shop-orders": ["SHOP-1"],
        "shop-tests": ["PYSEC-2026-2"],
    }


@pytest.mark.parametrize("place", ["..", "/etc", "link"])
def test_records_of_the_project_are_in_it(
    run: Any, shop: Path, source: Path, tmp_path: Path, place: str
) -> None:
    run("advisories", "update", "--from", source)
    (shop / "link").symlink_to(tmp_path)
    settings = f'\n[tool.buckler]\nadvisories = ["{place}"]\n'
    (shop / "pyproject.toml").write_text(PROJECT + settings)
    gaps = json.loads(run("packages", shop, "--json").stdout)["gaps"]
    assert [gap["why"] for gap in gaps] == [f"{place} is not in the project"]

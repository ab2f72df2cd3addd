"""A project with packages of which something is known, looked at as a scan does it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from buckler.scan.engines.packages.documents.answers import Answers, close
from buckler.scan.engines.packages.documents.bill import Bill, application_of, bill_of
from buckler.scan.engines.packages.documents.reading import statements
from buckler.scan.engines.packages.documents.state import shown
from buckler.scan.engines.packages.engine import PackageOptions, PackagesEngine
from buckler.scan.rules.packages.known_vulnerability import KnownVulnerability

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
PROJECT = """
[project]
name = "Corner_Shop"
version = "2.1"
dependencies = ["labels"]
"""
MAIN = "from fastapi import FastAPI\nimport labels\n\napp = FastAPI()\n"
REQUIREMENTS = """\
labels==1.4.1 \\
    --hash=sha256:%s \\
    --hash=sha256:%s
paper==3!2.0+local.1 --hash=sha256:%s
ribbon==0.9
quiet==5.0
"""


def record(number: int, package: str, fixed: str = "", **more: Any) -> str:
    """An OSV record of a weakness that every version before ``fixed`` has."""
    events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
    return json.dumps(
        {
            "id": f"SHOP-2026-{number}",
            "aliases": [f"CVE-2026-9900{number}"],
            "published": "2026-01-02T03:04:05.678901234Z",
            "modified": "2026-01-03T00:00:00Z",
            "summary": f"What {package} is given is evaluated",
            "severity": [
                {
                    "type": "CVSS_V3",
                    "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
                }
            ],
            "references": [
                {"type": "FIX", "url": f"https://shop.example/fix/{number}"},
                {"type": "WEB", "url": "javascript:alert(1)"},
            ],
            "database_specific": {"cwe_ids": ["CWE-94"]},
            "affected": [
                {
                    "package": {"ecosystem": "PyPI", "name": package},
                    "ranges": [{"type": "ECOSYSTEM", "events": events}],
                }
            ],
            **more,
        }
    )


FILES = {
    "pyproject.toml": PROJECT,
    "main.py": MAIN,
    "requirements.txt": REQUIREMENTS % ("a" * 64, "b" * 64, "c" * 64),
    "advisories/1.json": record(1, "labels", "1.4.2"),
    "advisories/2.json": record(2, "ribbon"),
}


def write(folder: Path, files: Mapping[str, str] = FILES) -> Path:
    """A project in a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
    return folder


def looked_at(folder: Path) -> PackagesEngine:
    """The engine after it looked at a project; no index, the project's own advisories."""
    options = PackageOptions(index=folder / "none", own=("advisories",))
    engine = PackagesEngine(folder, [KnownVulnerability()], options)
    engine.look()
    return engine


def answers(folder: Path, *paths: str, **given: Any) -> Answers:
    """What files of a project say."""
    said, problems = statements(folder, paths)
    now = given.pop("now", NOW)
    return Answers(said, application_of(folder), now, problems=problems, **given)


def bill(folder: Path, *vex: str, made: datetime = NOW) -> Bill:
    """What documents are made from; with statements of the user's own."""
    engine = looked_at(folder)
    judge = answers(folder, *vex).state if vex else shown
    return bill_of(folder, engine.inventories, engine.seen, made=made, judge=judge)


def closed(folder: Path, *paths: str, **given: Any) -> tuple[list[str], list[str], list[str]]:
    """Subjects of the findings that stay, of those that are closed, and the gaps: ``place: why``."""
    engine = looked_at(folder)
    findings = [f for seen in engine.seen for f in KnownVulnerability().check_package(seen)]
    kept, apart, gaps = close(findings, answers(folder, *paths, **given))
    return (
        [finding.subject for finding in kept],
        [f"{finding.subject}: {why}" for finding, why in apart],
        [f"{gap.what}: {gap.why}" for gap in gaps],
    )

"""``buckler scan`` on watch's own application, with people who are signed in and rows to look at: no finding."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import buckler
from buckler.core.report import Report
from buckler.scan.engines.app.options import Options
from tests.conftest import scan_folder

ROOT = Path(__file__).parents[2]
PASSWORD = "seven kettles and a gate"
MAIN = f"""
import os
import sys
import tempfile
from pathlib import Path

from buckler.watch.app import create_app
from buckler.watch.db import migrations
from buckler.watch.options import Options
from buckler.watch.service import Service

service = Service(Options(data=Path(tempfile.mkdtemp()) / "data"))
migrations.upgrade(service.database)
app = create_app(service)


async def seed() -> None:
    sys.path.append({str(ROOT)!r})
    from tests.watch.web.served import filled

    identities = app.state.guard.identities
    await identities.ready()
    for name, role in (("boss", "admin"), ("ann", "analyst")):
        user = await identities.add_account(name, password=os.environ["PHRASE"], roles=[role], verified=True)
        filled(service, user.id)
"""
LOGIN = f'login = {{ request = "POST /auth/sign-in", json = {{ name = "%s", password = "{PASSWORD}" }} }}'
SETTINGS = f"""
[project]
name = "own"
version = "1"

[tool.buckler]
app = "main:app"
exclude-files = ["buckler/scan/*", "buckler/guard/*", "buckler/cli/*"]

[tool.buckler.identities.boss]
role = "admin"
{LOGIN % "boss"}
"""
ANN = f"""
[tool.buckler.identities.ann]
{LOGIN % "ann"}
"""
MISSED = {"POST /account/sign-ins/{session_id}", "DELETE /auth/sessions/{session_id}"}
"""They end the sessions that the scan has: after a first one of them there is nothing to end with the other."""


def scanned(folder: Path, people: str, *engines: str) -> Report:
    """The report on a folder with watch's source, whose application is run."""
    project = folder / "project"
    shutil.copytree(
        Path(buckler.__file__).parent,
        project / "buckler",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (project / "main.py").write_text(MAIN)
    (project / "pyproject.toml").write_text(SETTINGS + people)
    settings = folder / "env"
    settings.write_text(f"PHRASE={PASSWORD}\n")
    options = Options(env_file=settings, data="main:seed", database="none")
    return scan_folder(project, engines=engines, options=options)


def check(report: Report) -> None:
    assert not report.failed, report.failed
    told = [(f.rule, f.location.path, f.location.operation, f.message) for f in report.findings]
    assert told == []
    operations = report.coverage.operations
    assert len(operations) > 120
    assert {o.operation for o in operations if not o.reached} <= MISSED
    assert sum(o.authenticated for o in operations) > 115
    assert (report.score.grade, report.score.value) == ("A+", 100)


def test_its_source_and_its_application_have_no_finding(tmp_path: Path) -> None:
    check(scanned(tmp_path, "", "source", "app", "packages"))


@pytest.mark.everything
def test_attacks_on_it_find_nothing(tmp_path: Path) -> None:
    check(scanned(tmp_path, ANN, "app", "attack"))

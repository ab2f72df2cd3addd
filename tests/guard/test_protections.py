"""The secure shop with one protection removed at a time: a scan gives the finding for it.

With BUCKLER_EVERYTHING=1 all of them, else every source rule and every fourth of the others.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from buckler.core import settings as settings_file
from buckler.scan.discover import discover
from buckler.scan.engines.app.engine import read_model
from buckler.scan.engines.app.session import Options, Session
from buckler.scan.engines.attack.canaries import prefix_of
from tests.conftest import ROOT, scan_folder
from tests.guard import protections, protections_input
from tests.guard.protections import Removed

SHOP = ROOT / "examples/secure_shop"
IGNORED = shutil.ignore_patterns("__pycache__", "*.db*", "uploads", "expected.json")
REMOVED = [*protections.REMOVED, *protections_input.REMOVED]
ALWAYS = [r for r in REMOVED if r.source]
SLOWER = [r for r in REMOVED if not r.source]
CHOSEN = [*ALWAYS, *(SLOWER if os.environ.get("BUCKLER_EVERYTHING") else SLOWER[::4])]


def without(removed: Removed, folder: Path) -> Path:
    shutil.copytree(SHOP, folder, ignore=IGNORED)
    for file, old, new in removed.changes:
        text = (folder / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{file} has not once: {old}"
        (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def operations() -> list[str]:
    """All of the shop's, as METHOD /path."""
    settings = settings_file.load(SHOP)
    target = discover(str(SHOP), settings)
    (application,) = target.applications
    with Session(target, application, prefix_of(0), Options()) as session:
        model = read_model(session.start().model, SHOP, application, settings)
    return [operation.key for operation in model.operations]


def far(removed: Removed, operations: list[str]) -> tuple[str, ...]:
    """What stands elsewhere: without it a scan takes a few seconds."""
    areas = [f"/{removed.operation.split('/')[1]}"] if removed.operation else ["/shop", "/orders"]
    return tuple(key for key in operations if not key.split()[1].startswith((*areas, "/health")))


@pytest.mark.parametrize("removed", [pytest.param(r, id=r.name) for r in CHOSEN])
def test_what_is_removed_is_found(removed: Removed, operations: list[str], tmp_path: Path) -> None:
    folder = without(removed, tmp_path / "shop")
    if removed.source:
        report = scan_folder(folder, select=(removed.rule,), engines=("source", "packages"))
    else:
        exclude = far(removed, operations)
        report = scan_folder(folder, select=(removed.rule,), exclude=exclude)
    assert not report.failed, report.failed
    found = {finding.location.operation for finding in report.findings}
    assert found if removed.operation is None else removed.operation in found


def test_nothing_is_found_where_nothing_is_removed(operations: list[str], tmp_path: Path) -> None:
    """The same scans of the shop as it is, so that each finding comes of what was removed."""
    whole = Removed("nothing", "", ())
    rules = tuple(sorted({removed.rule for removed in REMOVED}))
    folder = without(whole, tmp_path / "shop")
    report = scan_folder(folder, select=rules, exclude=far(whole, operations))
    assert not report.failed, report.failed
    assert report.findings == ()

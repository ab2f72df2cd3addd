"""A scan knows weaknesses, not our shops: renamed all over, on another driver, both give the same."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from buckler.core.report import Report
from tests.conftest import ROOT, scan_folder
from tests.scan.renaming import back, rename
from tests.scan.renaming_code import STORES
from tests.scan.renaming_words import KEPT, LIBRARY, PROTOCOL, SYNONYMS, collect, parts

INSECURE = ROOT / "examples/insecure_shop"
SECURE = ROOT / "examples/secure_shop"


def what(report: Report, named: Callable[[str | None], str | None]) -> Counter[tuple[object, ...]]:
    """Rule, severity, confidence, operation and slot of every finding."""
    return Counter(
        (
            finding.rule,
            finding.severity.value,
            finding.confidence.value,
            named(finding.location.operation),
            named(finding.location.slot),
        )
        for finding in report.findings
    )


def difference(original: Counter[tuple[object, ...]], renamed: Counter[tuple[object, ...]]) -> str:
    lost = [f"only in the original: {item}" for item in (original - renamed).elements()]
    new = [f"only in the renamed copy: {item}" for item in (renamed - original).elements()]
    return "\n".join(sorted(lost) + sorted(new))


@pytest.mark.slow
@pytest.mark.everything
def test_a_renamed_shop_has_the_same_findings(tmp_path: Path) -> None:
    words = rename(INSECURE, tmp_path / "copy")
    renamed = scan_folder(tmp_path / "copy")
    assert not renamed.failed, renamed.failed
    original = scan_folder(INSECURE)
    assert len(original.findings) > 70
    assert (
        difference(what(original, lambda name: name), what(renamed, lambda n: back(n, words))) == ""
    )


@pytest.mark.slow
@pytest.mark.everything
def test_a_renamed_safe_shop_is_silent(tmp_path: Path) -> None:
    rename(SECURE, tmp_path / "copy")
    report = scan_folder(tmp_path / "copy")
    assert not report.failed, report.failed
    assert [f"{f.rule} {f.location.operation} {f.message}" for f in report.findings] == []
    assert report.coverage.reached_share >= 0.9


@pytest.mark.parametrize("shop", [INSECURE, SECURE], ids=["insecure", "secure"])
def test_nothing_of_the_shop_is_left(shop: Path, tmp_path: Path) -> None:
    """The renamer itself: what the copy defines is none of the shop's names."""
    words = rename(shop, tmp_path / "copy")
    copy = tmp_path / "copy"
    trees = [
        ast.parse(f.read_text(encoding="utf-8"))
        for f in copy.rglob("*.py")
        if f.name != "adapter.py"
    ]
    copied = collect(copy, trees).names & words.names
    kept = KEPT | LIBRARY | PROTOCOL
    told = set(SYNONYMS.values())
    assert {name for name in copied if not set(parts(name)) <= kept | told} <= FIXED
    for file in copy.rglob("*.py"):
        text = re.sub(rf"{STORES}\([^()]*\([^()]*\)", "", file.read_text("utf-8"))
        assert not re.search(r"aiosqlite|sqlalchemy\.ext\.asyncio", text)


FIXED = {"user_agent", "User-Agent"}
"""The header of HTTP."""

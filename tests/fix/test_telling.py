"""Diffs that ``git apply`` takes, and texts of the application that reach no terminal raw."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.registry import Registry
from buckler.scan.fix.edits import Edit, FileRepair, Repair
from buckler.scan.fix.plan import Left, Plan, Planned
from buckler.scan.fix.telling import Told, as_dict, diff_lines, diff_of, lines, wrapped
from buckler.scan.fix.writing import written


@pytest.mark.parametrize(
    "text",
    [
        "a = 1\nb = 2\n",
        "a = 1\nb = 2",
        "a = 1\r\nb = '\t'\r\n",
        "a = 1\n\x0c\nb = '\u2028é'\n",
        "a = 1\r\x0bb = 2\n",
    ],
    ids=["plain", "no-end", "crlf", "odd-lines", "lone-cr"],
)
def test_a_diff_is_the_change(text: str, tmp_path: Path) -> None:
    git = shutil.which("git")
    assert git, "the tests need git"
    path = tmp_path / "module.py"
    path.write_bytes(text.encode())
    repair = Repair((FileRepair("module.py", (Edit(4, 5, "7"),)),), "changes it")
    (made,) = written(tmp_path, [repair])
    subprocess.run(
        [git, "apply", "-p1", "--whitespace=nowarn", "-"],
        cwd=tmp_path,
        input=diff_of(made).encode(),
        check=True,
        capture_output=True,
    )
    assert path.read_bytes() == made.data == text.replace("1", "7", 1).encode()


def test_no_escape_sequence_reaches_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("a = '\x1b[31m'\n")
    repair = Repair((FileRepair("module.py", (Edit(0, 1, "b"),)),), "changes it")
    rows = list(diff_lines(written(tmp_path, [repair])))
    assert rows
    assert not any("\x1b" in text for row in rows for text, _ in row)


def test_words_behind_a_label_are_wrapped_below_themselves() -> None:
    words = "scripts of the page cannot read the cookie; other sites' requests come without it"
    rows = list(wrapped([("    changes  ", "quiet"), (words, "")], 50))
    texts = ["".join(part for part, _ in row) for row in rows]
    assert [t[:13] for t in texts] == ["    changes  ", " " * 13, " " * 13]
    assert " ".join(t[13:] for t in texts) == words
    assert max(map(len, texts)) <= 50
    head = [("  ", ""), ("fixed        ", "good"), ("INJ001  ", ""), ("SQL injection", "strong")]
    assert list(wrapped(head, 20)) == [head]


def test_a_repair_that_was_tried_in_vain_says_why_and_what_nobody_tried_does_not() -> None:
    place = Location("requirements.txt", 3)
    finding = Finding(
        "PKG004", "m", Severity.HIGH, Confidence.OBSERVED, place, subject="labels CVE-1"
    )
    left = (
        Left(finding, "it does not resolve: no \x1b[31mpaper 9", tried=True),
        Left(finding, "a person decides"),
    )
    told = Told(Plan((), (), (), left), (), (), wrote=False)
    rows = ["".join(part for part, _ in line) for line in lines(told, ".")]
    assert rows[0].split() == ["not", "repaired", "PKG004", "labels", "CVE-1", "requirements.txt:3"]
    assert rows[1].split()[:5] == ["why", "it", "does", "not", "resolve:"]
    assert "\x1b" not in rows[1]
    assert not any("a person decides" in row for row in rows)
    assert any("2 for a person" in row for row in rows)


def test_what_several_repairs_change_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("a = 1\n")
    rules = [rule for rule in Registry.load("buckler.scan.rules") if rule.id.startswith("HDR00")]
    planned = tuple(
        Planned(
            rule,
            (Finding(rule.id, "m", Severity.LOW, Confidence.OBSERVED, Location("module.py", 1)),),
            Repair((FileRepair("module.py", (Edit(0, 1, "b"),)),), "by Guard", changes="bounds"),
        )
        for rule in rules[:3]
    )
    told = Told(Plan((), planned, (), ()), (), (), wrote=False)
    rows = ["".join(part for part, _ in line) for line in lines(told, ".")]
    changes = [row.split("changes")[1].strip() for row in rows if "changes" in row]
    assert changes == ["bounds", *[f"the same as {rules[0].id} above"] * 2]


def test_an_application_that_did_not_run_is_why_nothing_can_be_fixed() -> None:
    told = Told(Plan((), (), (), ()), (), (), wrote=False, failed="it does not \x1b[1mimport")
    rows = ["".join(part for part, _ in line).strip() for line in lines(told, ".")]
    assert rows == ["", r"The application did not run: it does not \x1b[1mimport", "nothing to fix"]
    assert as_dict(told)["failed"] == told.failed


def test_the_docs_count_the_rules_that_repair() -> None:
    text = (Path(__file__).parents[2] / "docs/fix.md").read_text(encoding="utf-8")
    rules = list(Registry.load("buckler.scan.rules"))
    safe, reviewed, none = (
        sum(rule.fixable == word for rule in rules) for word in ("safe", "reviewed", "")
    )
    assert f"Of {len(rules)} rules, {safe} have a safe repair" in text
    assert f"and {reviewed} a reviewed one alone. The other {none} need" in text

from __future__ import annotations

import io
import re
from dataclasses import replace

import format_reports
import pytest
from rich.cells import cell_len
from rich.console import Console

from buckler.core.report import IdentityUsed, Report
from buckler.scan.formats import by_name, print_report

SGR = re.compile(r"\x1b\[[0-9;]*m")


def terminal(report: Report, width: int = 80, limit: int | None = 5, **options: object) -> str:
    out = io.StringIO()
    settings = {"force_terminal": True, "color_system": "truecolor", "legacy_windows": False}
    console = Console(file=out, width=width, _environ={}, **(settings | options))  # type: ignore[arg-type]
    print_report(report, console, limit=limit)
    return out.getvalue()


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", ["usual", "empty", "many", "hostile"])
def test_no_line_is_wider_than_the_terminal(
    name: str, width: int, request: pytest.FixtureRequest
) -> None:
    text = SGR.sub("", terminal(request.getfixturevalue(name), width))
    assert [row for row in text.split("\n") if cell_len(row) > width] == []


def test_order_and_content(usual: Report) -> None:
    text = SGR.sub("", terminal(usual, 120))
    order = [
        "Shop API  app.main:app · 3 operations · 3.12.1 in .venv",
        "F  8/100    2 critical · 2 high · 1 medium · 1 info    4 of 6 proved",
        "2/3 operations reached, 1 signed in",
        "1 known finding in the baseline is not graded: 1 ",
        "CRITICAL   SQL injection",
        "GET /items  query:q  →  app/db.py:12",
        "›   12 │ ",
        "sqlite3 execute got SELECT * FROM items WHERE name = 'sample'bkzq012j'",
        "proof  as alice: curl 'https://app/items?q=sample%27bkzq012j'",
        "fix    bind it",
        "1 more: 1 critical",
        "POST /items → app/db.py:40",
        "Not looked at",
        "GET /admin: answered 401",
        "ls a, ls b: processes were stopped by the box → --allow-processes",
        "Next: buckler fix --diff",
        "buckler replay ",
        "4.2 s",
    ]
    at = -1
    for piece in order:
        found = text.find(piece, at + 1)
        assert found > at, f"{piece!r} is missing or too early in\n{text}"
        at = found


def test_five_findings_are_five_causes(many: Report) -> None:
    text = SGR.sub("", terminal(many, 100))
    shown = re.findall(r"^ {1,2}[A-Z]{4,8} .* (\w{3}\d{3})$", text, re.MULTILINE)
    assert len(shown) == 5
    assert len(set(shown)) == 5
    assert "495 more:" in text


def test_limit(many: Report) -> None:
    text = SGR.sub("", terminal(many, 100, limit=None))
    assert len(re.findall(r"  (?:proved) {5}\w{3}\d{3}$", text, re.MULTILINE)) == 500
    assert "more:" not in text


@pytest.mark.parametrize("options", [{"force_terminal": False}, {"no_color": True}])
def test_without_a_terminal_or_colour_it_is_plain(usual: Report, options: dict[str, bool]) -> None:
    text = terminal(usual, **options)
    assert text.isascii()
    assert "\x1b" not in text
    assert "SQL injection" in text


def test_a_file_has_all_findings_and_cuts_no_evidence(usual: Report) -> None:
    text = by_name("text").render(usual)
    assert text.isascii()
    assert text.count("  SQL injection") == 2
    assert "-H 'authorization: Bea...(34)' 'https://app/items?q=sample%27bkzq012j'" in text


def test_a_terminal_without_unicode_gets_no_box_characters(usual: Report) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    print_report(replace(usual), Console(file=out, force_terminal=True, width=80, _environ={}))
    out.flush()
    assert b"app/db.py:12" in out.buffer.getvalue()  # type: ignore[attr-defined]


def test_nothing_found_says_what_was_looked_at(empty: Report) -> None:
    text = by_name("text").render(empty)
    assert "A+  100/100    no finding" in text
    assert f"Looked at: {len(format_reports.RULES)} rules, 2 of 3 operations reached" in text
    assert "1,204 requests" in text


def test_an_application_that_did_not_run_has_no_grade(empty: Report) -> None:
    text = by_name("text").render(replace(empty, failed="no module named shop"))
    assert "  ?  " in text
    assert "A+" not in text
    assert "The grade is provisional: the scan is not whole: no module named shop" in text


def test_a_grade_of_too_little_is_provisional(empty: Report) -> None:
    text = by_name("text").render(replace(empty, min_coverage=0.9))
    assert "provisional: 67% of the operations were reached, 90% are needed" in text


def test_gaps_are_at_most_eight(empty: Report) -> None:
    gaps = [format_reports.GapFound(f"thing {n}", f"reason {n}") for n in range(30)]
    coverage = replace(empty.coverage, gaps=gaps)
    text = by_name("text").render(replace(empty, coverage=coverage))
    assert text.count("reason ") == 7
    assert "and 23 more reasons" in text


def piped(report: Report, encoding: str, **options: object) -> str:
    """What a pipe gets."""
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    print_report(report, Console(file=out, _environ={}), fix="buckler fix 'Zwölf/Äpfel'", **options)  # type: ignore[arg-type]
    out.flush()
    return out.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]


def test_a_pipe_of_utf_8_gets_names_that_a_shell_takes_back(usual: Report) -> None:
    assert "buckler fix 'Zwölf/Äpfel' --diff" in piped(usual, "utf-8")
    assert "buckler fix 'Zw\\xf6lf/\\xc4pfel' --diff" in piped(usual, "ascii")


def test_no_report_is_offered_that_was_just_written(usual: Report) -> None:
    assert "-o report.html" in piped(usual, "utf-8").rpartition("Next:")[2]
    assert "-o report.html" not in piped(usual, "utf-8", written=True).rpartition("Next:")[2]


def test_what_did_not_run_has_no_grade(usual: Report) -> None:
    """One finding of its source would make it an A."""
    one = replace(usual, findings=usual.findings[-1:], failed="main:app does not import")
    assert re.search(r"^  \?  +1 ", piped(one, "utf-8"), re.MULTILINE)


def test_who_signed_in_by_itself(usual: Report) -> None:
    people = [
        IdentityUsed("casey2", "user", "signup", "POST /signup"),
        IdentityUsed("casey4", "user", "signup", "POST /signup"),
        IdentityUsed("root", "admin", "application", "POST /login"),
    ]
    report = replace(usual, coverage=replace(usual.coverage, identities=people))
    assert (
        "Signed in as casey2 and casey4, made for this scan by POST /signup; as root (admin), brought along by the application; "
        "your own: [tool.buckler.identities]"
    ) in " ".join(piped(report, "utf-8").split())

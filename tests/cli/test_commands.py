"""The commands as a user types them, in processes of their own."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from buckler.cli.sections import SECTIONS

MAIN = """
import sqlite3

from fastapi import FastAPI

app = FastAPI(title="Things")
db = sqlite3.connect("things.db", check_same_thread=False)
db.execute("CREATE TABLE IF NOT EXISTS things (name TEXT)")


@app.get("/things")
def things(q: str = "x") -> list[str]:
    return [n for (n,) in db.execute(f"SELECT name FROM things WHERE name = '{q}'")]


@app.get("/safe")
def safe(q: str = "x") -> list[str]:
    return [n for (n,) in db.execute("SELECT name FROM things WHERE name = ?", (q,))]
"""


@pytest.fixture
def folder(project) -> Path:
    return project({"main.py": MAIN})


def scan_json(run, folder: Path, *arguments: str) -> tuple[int, dict]:
    done = run("scan", str(folder), "--json", "--select", "INJ", *arguments)
    return done.returncode, json.loads(done.stdout)


def test_a_scan_proves_and_leaves_the_folder_as_it_was(run, folder) -> None:
    code, report = scan_json(run, folder)
    assert code == 1
    (finding,) = report["findings"]
    assert (finding["id"], finding["confidence"]) == ("INJ001", "proved")
    assert finding["location"] == {
        "path": "main.py",
        "line": 13,
        "operation": "GET /things",
        "slot": "query:q",
    }
    assert sorted(p.name for p in folder.iterdir()) == ["main.py"]


def test_the_first_line_says_that_code_is_run(run, folder) -> None:
    done = run("scan", str(folder))
    assert done.stderr.splitlines()[0].startswith("Running the project's own code (main:app)")
    assert "INJ001" in done.stdout
    assert "\x1b" not in done.stdout


def test_exit_codes_in_their_order(run, folder, project) -> None:
    assert run("scan", "/nowhere/at/all").returncode == 2
    assert run("scan", str(folder), "--select", "XYZ").returncode == 2
    assert run("scan", str(folder), "--select", "INJ", "--fail-on", "critical").returncode == 1
    assert run("scan", str(folder), "--select", "INJ002").returncode == 0
    broken = project(
        {"main.py": "import nothing_of_that_name\nfrom fastapi import FastAPI\napp = FastAPI()\n"}
    )
    done = run("scan", str(broken))
    assert done.returncode == 4
    assert "nothing_of_that_name" in done.stdout


def test_too_little_reached_is_four_even_with_findings(run, project) -> None:
    text = MAIN + (
        "\n\nfrom fastapi import Depends, HTTPException\n\n\ndef nobody() -> None:\n    raise HTTPException(401)\n\n\n"
        "@app.get('/closed', dependencies=[Depends(nobody)])\ndef closed() -> None: ...\n"
    )
    folder = project({"main.py": text})
    assert scan_json(run, folder)[0] == 4
    assert scan_json(run, folder, "--min-coverage", "0.5")[0] == 1
    assert scan_json(run, folder, "--exclude", "GET /closed")[0] == 1


def test_the_same_seed_gives_the_same_report(run, folder) -> None:
    one, two = (scan_json(run, folder, "--seed", "7")[1] for _ in range(2))
    for report in (one, two):
        report.pop("timing")
        report["target"].pop("folder", None)
    assert one == two
    assert (
        scan_json(run, folder, "--seed", "8")[1]["findings"][0]["proof"]
        != one["findings"][0]["proof"]
    )


def test_a_baseline_sets_known_findings_apart(run, folder) -> None:
    assert run("scan", str(folder), "--select", "INJ", "--baseline", "known.json").returncode == 2
    done = run(
        "scan", str(folder), "--select", "INJ", "--baseline", "known.json", "--update-baseline"
    )
    assert done.returncode == 0
    code, report = scan_json(run, folder, "--baseline", "known.json")
    assert (code, report["findings"], report["grade"]) == (0, [], "A+")
    assert [f["id"] for f in report["known"]] == ["INJ001"]


def test_an_inline_exception_needs_a_reason(run, project) -> None:
    marked = MAIN.replace("'{q}'\")]", "'{q}'\")]  # buckler: ignore[INJ001]")
    code, report = scan_json(run, project({"main.py": marked}))
    assert code == 1
    assert any("no reason" in gap["why"] for gap in report["coverage"]["gaps"])
    reasoned = marked.replace("ignore[INJ001]", "ignore[INJ001] the table is a constant")
    code, report = scan_json(run, project({"main.py": reasoned}))
    assert (code, report["findings"]) == (0, [])
    assert report["suppressed"][0]["suppression"]["reason"] == "the table is a constant"


def test_replay_says_whether_the_proof_holds(run, folder) -> None:
    fingerprint = scan_json(run, folder)[1]["findings"][0]["fingerprint"]
    done = run("replay", fingerprint, str(folder))
    assert (done.returncode, "still holds, proved" in done.stdout) == (1, True)
    test = run("replay", fingerprint, str(folder), "--pytest")
    compile(test.stdout, "test", "exec")
    fixed = MAIN.replace(
        "f\"SELECT name FROM things WHERE name = '{q}'\")",
        '"SELECT name FROM things WHERE name = ?", (q,))',
    )
    (folder / "main.py").write_text(fixed, encoding="utf-8")
    done = run("replay", fingerprint, str(folder))
    assert (done.returncode, "does not hold any more" in done.stdout) == (0, True)


def test_the_written_test_fails_while_the_hole_is_there(run, folder) -> None:
    fingerprint = scan_json(run, folder)[1]["findings"][0]["fingerprint"]
    (folder / "tests").mkdir()
    test = folder / "tests/test_hole.py"
    test.write_text(run("replay", fingerprint, str(folder), "--pytest").stdout, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=folder, timeout=120, check=False
    )
    assert done.returncode == 1
    assert "still holds" in done.stdout


def test_reports_by_ending(run, folder, tmp_path) -> None:
    paths = [tmp_path / f"report.{e}" for e in ("html", "json", "sarif", "md", "xml", "txt")]
    arguments = [part for path in paths for part in ("-o", str(path))]
    assert run("scan", str(folder), "--select", "INJ", *arguments).returncode == 1
    assert all("INJ001" in path.read_text(encoding="utf-8") for path in paths)
    assert run("scan", str(folder), "-o", str(tmp_path / "x.pdf")).returncode == 2


def test_rules_and_the_guide_of_one(run) -> None:
    listed = json.loads(run("rules", "--format", "json").stdout)
    assert len(listed) >= 40
    assert "INJ001" in run("rules").stdout
    guide = run("rule", "sql-injection").stdout
    assert "## How to fix" in guide
    assert run("rule", "NONE").returncode == 2


def test_routes(run, folder) -> None:
    rows = json.loads(run("routes", str(folder), "--json").stdout)
    assert [(r["method"], r["path"], r["place"]) for r in rows] == [
        ("GET", "/things", "main.py:12"),
        ("GET", "/safe", "main.py:17"),
    ]
    assert "/things" in run("routes", str(folder)).stdout


def test_init_writes_settings_that_are_valid(run, tmp_path) -> None:
    assert run("init", str(tmp_path)).returncode == 0
    from buckler.core.settings import load

    load(tmp_path)
    assert run("init", str(tmp_path)).returncode == 2


def test_init_where_nothing_can_be_written_says_so(run, tmp_path) -> None:
    """A link to a folder that is not there, since a superuser may write everywhere."""
    (tmp_path / "pyproject.toml").symlink_to(tmp_path / "gone" / "pyproject.toml")
    done = run("init", str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be written: No such file or directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_init_keeps_the_line_endings_and_names_the_folder_as_a_shell_takes_it(
    run, tmp_path
) -> None:
    folder = tmp_path / "Mein B\u00fcro"
    folder.mkdir()
    (folder / "pyproject.toml").write_bytes(b'[project]\r\nname = "x"\r\n')
    done = run("init", str(folder))
    assert done.stdout.rstrip().endswith(f"buckler scan '{folder}'")
    written = (folder / "pyproject.toml").read_bytes()
    assert written.count(b"\n") == written.count(b"\r\n") > 20
    assert written.startswith(b'[project]\r\nname = "x"\r\n\r\n[tool.buckler]\r\n')


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("scna", "scan"), ("SCAN", "scan"), ("package", "packages"), ("sbom", "packages --sbom FILE")],
)
def test_a_command_that_is_not_there_is_answered_with_one_that_is(run, typed, meant) -> None:
    done = run(typed)
    assert done.returncode == 2
    assert f"Did you mean 'buckler {meant}'?" in done.stderr
    assert "Did you mean" not in run("xyzzy").stderr


def test_source_alone_runs_nothing(run, project) -> None:
    folder = project(
        {"main.py": "open('ran', 'w').close()\nfrom fastapi import FastAPI\napp = FastAPI()\n"}
    )
    done = run("scan", str(folder), "--engines", "source,packages")
    assert done.returncode in (0, 1)
    assert "Running the project" not in done.stderr
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("name", ["scan", "fix", "replay", "packages"])
def test_help_fits_eighty_columns_and_leaves_no_option_out(run, name: str) -> None:
    text = run(name, "--help").stdout
    assert max(map(len, text.splitlines())) <= 80
    command = importlib.import_module(f"buckler.cli.{name}").command
    options = {word for option in command.params for word in option.opts if word.startswith("--")}
    assert {word for word in options if f" {word}" not in text} == set()


def test_the_help_of_a_scan_stands_under_headings(run) -> None:
    text = run("scan", "--help").stdout
    heads = [line[:-1] for line in text.splitlines() if re.fullmatch(r"[A-Z][^:]*:", line)]
    assert heads == [*SECTIONS, "Others"]
    rest = text[text.index("Others:") :].splitlines()[1:]
    assert [line.split()[:2] for line in rest if line.strip()] == [["-h,", "--help"]]

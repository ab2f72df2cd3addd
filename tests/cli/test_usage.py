"""A slip is told before anything runs: exit code 2, what is wrong, and what there is instead."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scan.packages.osv import record

MAIN = """
from fastapi import FastAPI

app = FastAPI()
open("ran", "w").close()


@app.post("/hooks")
def hooks(q: str = "x") -> str:
    return "x"


@app.get("/other")
def other() -> str:
    return "x"
"""
SELECT = ("--select", "INJ001")
Project = Callable[[dict[str, str]], Path]


@pytest.fixture
def folder(project: Project) -> Path:
    return project({"main.py": MAIN})


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--walls", "foo"), ("there is no wall 'foo'", "mounts, network, pid, seccomp")),
        (("--walls", "mounts,none"), ("there is no wall 'none'",)),
        (("--walls", ""), ("there is no wall ''",)),
        (("-o", "/nonexist/x.html"), ("there is no folder /nonexist",)),
        (("-o", "/tmp"), ("no ending",)),
        (("--allow", "foo"), ("'foo' is not of the form HOST:PORT", "127.0.0.1:5432")),
        (("--allow", "foo:99999"), ("HOST:PORT",)),
        (("--ignore", "inj"), ("no rule is left",)),
        (("--engines", "packages"), ("none of the 1 selected rules works in packages",)),
        (("--engines", "sauce"), ("engines cannot be 'sauce'", "did you mean 'source'?")),
        (("--request-timeout", "0"), ("request-timeout is 0",)),
        (("--identity", "a=X: 1", "--identity", "a=Y: 2"), ("two identities have the name 'a'",)),
        (("--baseline", "known.json"), ("there is no baseline",)),
        (("--update-baseline",), ("needs --baseline",)),
        (("--baseline", "no/known.json", "--update-baseline"), ("there is no folder",)),
    ],
)
def test_an_option(run, folder: Path, arguments: tuple[str, ...], says: tuple[str, ...]) -> None:
    done = run("scan", str(folder), *SELECT, *arguments)
    assert done.returncode == 2, done.stdout
    assert all(text in done.stderr for text in says), done.stderr
    assert "Running the project" not in done.stderr


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        (
            'fail-on = "hihg"',
            ("fail-on cannot be 'hihg'", "did you mean 'high'?", "critical, high"),
        ),
        ('engines = ["sorce"]', ("engines cannot be 'sorce'", "source, app, attack, packages")),
        ('allow = ["localhost"]', ("HOST:PORT",)),
        ("min-coverage = 90", ("min-coverage is 90; it is from 0 to 1",)),
        ("max-time = 0", ("max-time is 0",)),
        ('max-time = "1"', ("max-time takes a number",)),
        ('seed = "1"', ("seed takes a whole number",)),
        ("app = 1", ("app takes a text",)),
        ('fail_onn = "high"', ("did you mean 'fail-on'?",)),
        ('identities.a.role = "amdin"', ("there is no role 'amdin'", "'admin'")),
        ('identities.a.role = "Administrator"', ("there is no role 'Administrator'",)),
        ('identities.a.login.request = "/login"', ("it is METHOD /path",)),
    ],
)
def test_a_setting(run, folder: Path, setting: str, says: tuple[str, ...]) -> None:
    (folder / "pyproject.toml").write_text(f"[tool.buckler]\n{setting}\n", encoding="utf-8")
    done = run("scan", str(folder), *SELECT)
    assert done.returncode == 2, done.stdout
    assert all(text in done.stderr for text in says), done.stderr


@pytest.mark.parametrize(
    ("setting", "arguments", "says"),
    [
        ('public = ["POST /hookz"]', (), "public: there is no operation 'POST /hookz'"),
        ('exclude = ["POST /hookz"]', (), "exclude: there is no operation 'POST /hookz'"),
        ("", ("--exclude", "post /hooks"), "exclude: there is no operation 'post /hooks'"),
    ],
)
def test_an_operation_that_is_not_there(
    run, folder: Path, setting: str, arguments: tuple[str, ...], says: str
) -> None:
    (folder / "pyproject.toml").write_text(f"[tool.buckler]\n{setting}\n", encoding="utf-8")
    done = run("scan", str(folder), *SELECT, *arguments)
    assert done.returncode == 2, done.stdout
    assert says in done.stderr
    assert "did you mean 'POST /hooks'?" in done.stderr


def test_an_operation_of_another_application_is_there(run, project: Project) -> None:
    one = "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/{}')\ndef x(): ...\n"
    folder = project({"a/one.py": one.format("one"), "b/two.py": one.format("two")})
    assert run("scan", str(folder), *SELECT, "--exclude", "GET /two").returncode == 0
    assert run("scan", str(folder), *SELECT, "--exclude", "GET /three").returncode == 2


def test_a_name_that_the_module_has_not(run, folder: Path) -> None:
    done = run("scan", "main:nope", *SELECT, cwd=folder)
    assert done.returncode == 2, done.stdout
    assert "the module main has no attribute 'nope'" in done.stderr
    assert "LoadError" not in done.stderr


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": "buckler-baseline/1"}', '{"schema": "x"}'])
def test_a_broken_baseline(run, folder: Path, text: str) -> None:
    (folder / "known.json").write_text(text, encoding="utf-8")
    done = run("scan", str(folder), *SELECT, "--baseline", "known.json")
    assert done.returncode == 2
    assert "Error(" not in done.stderr
    assert "known.json" in done.stderr
    assert "Running the project" not in done.stderr


def test_replay_of_nothing(run, folder: Path) -> None:
    assert run("scan", str(folder), *SELECT).returncode == 0
    done = run("replay", "", str(folder))
    assert (done.returncode, "the fingerprint is empty" in done.stderr) == (2, True)


def test_no_walls_is_said_twice(run, folder: Path) -> None:
    done = run("scan", str(folder), *SELECT, "--walls", "none")
    assert "--walls leaves out: mounts, network, pid, seccomp" in done.stderr
    assert "wall: mounts" in done.stdout
    assert "left out by --walls" in done.stdout
    assert "--walls" not in run("scan", str(folder), *SELECT).stderr


def test_what_may_be_reached_is_said_before_the_code_runs(run, folder: Path) -> None:
    done = run("scan", str(folder), *SELECT, "--allow", "127.0.0.1:9")
    assert "It may connect to: 127.0.0.1:9." in done.stderr
    assert "may connect" not in run("scan", str(folder), *SELECT).stderr


def test_what_to_type_next_keeps_what_was_typed_but_no_secret(run, project: Project) -> None:
    lines = (
        "import sqlite3",
        "from fastapi import FastAPI",
        "",
        "app = FastAPI()",
        '@app.get("/x")',
        "def x(q: str) -> list:",
        "    with sqlite3.connect('x.db') as db:",
        """        return db.execute(f"SELECT a FROM b WHERE c = '{q}'").fetchall()""",
    )
    folder = project({"main.py": "\n".join((*lines, ""))})
    typed = ("--engines", "source", "--seed", "7", "--identity", "a=X-Key: swordfish")
    done = run("scan", str(folder), *typed)
    end = " ".join(done.stdout[done.stdout.index("Next:") :].split())
    options = f"{folder} --identity ... --seed 7 --engines source"
    assert all(f" {word}" in end for word in options.split()), end
    assert "buckler fix" in end and "--diff" in end
    assert "swordfish" not in done.stdout + done.stderr
    done = run("fix", str(folder), *typed, "--unsafe", "--diff")
    end = " ".join(done.stderr[done.stderr.index("Next:") :].split())
    assert "--unsafe" in end and "--seed 7" in end and "--diff" not in end
    assert "swordfish" not in done.stdout + done.stderr


def test_a_folder_that_looks_like_an_option_stays_a_folder(project: Project) -> None:
    folder = project({"--install/requirements.txt": "labels==2.1\n"})
    (folder / "--install/advisories").mkdir()
    (folder / "--install/pyproject.toml").write_text(
        '[tool.buckler]\nadvisories = ["advisories"]\n'
    )
    events = [{"introduced": "0"}, {"fixed": "2.9"}]
    known = json.dumps(record("SHOP-1", "labels", events=events))
    (folder / "--install/advisories/1.json").write_text(known)
    words = [sys.executable, "-m", "buckler", "packages", "--", "--install"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert "Next: buckler fix ./--install --unsafe" in done.stdout, done.stdout + done.stderr


def test_no_module_of_the_project_is_run_instead_of_one_of_python(project: Project) -> None:
    """``python -m`` puts the present folder first (CWE-427)."""
    trap = "open('ran', 'w').close()\n"
    names = ("tomllib", "json/__init__", "click", "rich", "packaging", "subprocess")
    folder = project({f"{name}.py": trap for name in names})
    for words in (["rules"], ["packages", "."], ["fix", ".", "--engines", "source"]):
        subprocess.run(
            [sys.executable, "-m", "buckler", *words], cwd=folder, capture_output=True, check=False
        )
    assert not (folder / "ran").exists()

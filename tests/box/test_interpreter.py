"""The project's own interpreter is as hostile as its code: it starts inside the walls."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

APPLICATION = """
import os

from fastapi import FastAPI

app = FastAPI()


if os.environ["HARMED"] == "yes":

    @app.get("/hello")
    def hello() -> dict[str, str]:
        return {"hello": "world"}
"""


@pytest.fixture
def listener() -> socket.socket:
    """A server of the host's, which no project may reach."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture
def project(tmp_path: Path, listener: socket.socket) -> Path:
    """An application whose interpreter is a script that does harm and then does its work."""
    folder = tmp_path / "project"
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / "main.py").write_text(APPLICATION, encoding="utf-8")
    (folder / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\n", encoding="utf-8")
    harm = f"""
        import os, socket
        for path in ({str(tmp_path / "outside")!r}, {str(folder / "inside")!r}):
            try:
                open(path, "w").close()
            except OSError:
                pass
        try:
            socket.create_connection(("127.0.0.1", {listener.getsockname()[1]}), 2)
        except OSError:
            pass
    """
    (tmp_path / "harm.py").write_text(textwrap.dedent(harm), encoding="utf-8")
    (folder / "harm.py").write_text(textwrap.dedent(harm), encoding="utf-8")
    packages = folder / ".venv" / "lib" / "python3.11" / "site-packages"
    (packages / "fastapi").mkdir(parents=True)
    (packages / "fastapi" / "__init__.py").touch()
    python = folder / ".venv" / "bin" / "python"
    python.write_text(
        f'#!/bin/sh\n"{sys.executable}" harm.py\nsetsid sleep 300 &\nHARMED=yes exec "{sys.executable}" "$@"\n',
        encoding="utf-8",
    )
    python.chmod(0o755)
    return folder


def _reached(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _sleeping() -> set[str]:
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return {line for line in found.stdout.splitlines() if line.strip() == "sleep 300"}


def test_its_interpreter_does_no_harm(project: Path, listener: socket.socket) -> None:
    subprocess.run([sys.executable, "harm.py"], cwd=project, check=True)
    assert (project.parent / "outside").exists()
    assert (project / "inside").exists()
    assert _reached(listener), "the harm is real outside of the box"
    (project.parent / "outside").unlink()
    (project / "inside").unlink()

    report = project.parent / "report.json"
    done = subprocess.run(
        [sys.executable, "-m", "buckler", "scan", str(project), "-o", str(report)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode in (0, 1), done.stderr
    coverage = json.loads(report.read_text(encoding="utf-8"))["coverage"]
    assert coverage["operations"]["reached"] == 1
    assert not (project.parent / "outside").exists()
    assert not (project / "inside").exists()
    assert not _reached(listener)
    assert not _sleeping()


def test_an_interpreter_that_cannot_be_run_is_named(project: Path) -> None:
    (project / ".venv" / "bin" / "python").write_text("no program", encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "buckler", "scan", str(project)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "cannot be run: Exec format error" in " ".join(done.stdout.split())

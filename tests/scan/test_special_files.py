"""Pipes and links among the files that are no Python end nothing."""

from __future__ import annotations

import os


def test_a_pipe_for_requirements_and_a_template(project, scan) -> None:
    folder = project({"main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n"})
    os.mkfifo(folder / "requirements.txt")
    os.mkfifo(folder / "page.j2")
    (folder / "Dockerfile").symlink_to("/dev/zero")
    report = scan(folder, engines=("source", "packages"))
    assert not report.failed

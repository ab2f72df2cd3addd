"""``buckler watch`` as people type it: started, asked, ended; and reports that are pushed to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from buckler.watch.db import scans
from buckler.watch.db.database import Database
from buckler.watch.interface import SYSTEM
from buckler.watch.place import Place
from tests.watch.test_killed import WEAK
from tests.watch.test_workers import slow_project, until

BUCKLER = [sys.executable, "-m", "buckler"]


def told(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BUCKLER, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **env},
        check=False,
    )


@contextmanager
def started(data: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A service at a free port, and what it printed."""
    command = [*BUCKLER, "watch", *arguments, "--data", str(data), "--port", "0"]
    # In a folder without an application, which would be added.
    elsewhere = data.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=elsewhere)
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline().strip() for _ in range(2)]
        yield process, lines
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(30)
        process.stdout.close()


def status(data: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        told("watch", "status", "--json", "--data", str(data)).stdout
    )
    return found


def test_a_folder_is_scanned_and_shown_and_the_service_ends_when_asked(tmp_path: Path) -> None:
    project, data = tmp_path / "shop", tmp_path / "data"
    project.mkdir()
    (project / "main.py").write_text(WEAK)
    with started(data, str(project)) as (process, lines):
        address = lines[0].rpartition(" ")[2]
        link = lines[1].rpartition(" ")[2]
        assert link.startswith(address)
        database = Database(Place.at(data).database)
        until(lambda: states(database) == ["done"])
        database.close()
        (found,) = status(data)
        assert (found["name"], found["scan"]) == ("shop", "done")
        with httpx2.Client(base_url=address, timeout=60) as browser:
            assert browser.get("/api/findings").status_code == 401
            cookie = browser.get(link).headers["set-cookie"].partition(";")[0]
            listed = browser.get("/api/findings", headers={"Cookie": cookie}).json()
        assert "INJ001" in [f["rule"] for f in listed["findings"]]
        second = told("watch", "--data", str(data), "--port", "0")
        assert (second.returncode, "another process" in second.stderr) == (2, True)
        exported = told("watch", "export", found["id"], "--data", str(data)).stdout.splitlines()
        assert "INJ001" in [json.loads(line)["rule"] for line in exported]
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert not any(Place.at(data).scratch.iterdir())


@pytest.mark.everything
def test_a_scan_that_was_running_at_the_end_is_taken_up_at_the_next_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    project = slow_project(tmp_path / "shop")
    with started(data, str(project)) as (process, _):
        database = Database(Place.at(data).database)
        until(lambda: states(database) == ["running"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert states(database) == ["running"]
    with started(data):
        until(lambda: states(database) == ["done"])
    database.close()


def states(database: Database) -> list[str]:
    with database.read() as connection:
        return [row.state for row in scans.listed(connection, SYSTEM)]


@pytest.mark.everything
def test_a_report_is_pushed_by_a_scan(tmp_path: Path) -> None:
    project, data = tmp_path / "shop", tmp_path / "data"
    project.mkdir()
    (project / "main.py").write_text(WEAK)
    with started(data) as (_, lines):
        address, link = (line.rpartition(" ")[2] for line in lines)
        cookie = httpx2.get(link, timeout=60).headers["set-cookie"].partition(";")[0]
        headers = {"Cookie": cookie, "Origin": address}
        made = {"kind": "pushed", "name": "ci"}
        target = httpx2.post(f"{address}/api/targets", json=made, headers=headers).json()["id"]
        key = httpx2.post(
            f"{address}/auth/keys", json={"name": "ci", "scopes": ["watch:scan"]}, headers=headers
        ).json()["key"]
        url = f"{address}/api/targets/{target}"
        scan = ["scan", str(project), "--engines", "source", "--select", "INJ001", "--push"]
        done = told(*scan, url, BUCKLER_WATCH_TOKEN=key)
        assert "pushed: 1 new" in done.stderr
        again = told(*scan, url, BUCKLER_WATCH_TOKEN=key)
        assert "pushed: nothing changed" in again.stderr
        wrong = told(*scan, f"{address}/api/targets/{'0' * 32}", BUCKLER_WATCH_TOKEN=key)
        assert (wrong.returncode, "404" in wrong.stderr) == (2, True)
        assert key not in done.stderr + again.stderr + wrong.stderr


def test_a_wrong_push_is_told_before_the_scan(tmp_path: Path) -> None:
    for url, word in (
        ("http://watch.example/api/targets/x", "https"),
        ("https://watch.example/", "target"),
        ("https://watch.example/api/targets/x", "BUCKLER_WATCH_TOKEN"),
    ):
        done = told("scan", str(tmp_path), "--push", url)
        assert (done.returncode, word in done.stderr) == (2, True), done.stderr


def test_a_site_on_a_port_of_its_own_is_added_where_the_operator_says_so(tmp_path: Path) -> None:
    add = ["watch", "add", "http://127.0.0.1:8444/", "--site", "--data", str(tmp_path / "data")]
    add += ["--allow-scheme", "http", "--allow-network", "127.0.0.0/8"]
    refused = told(*add)
    assert refused.returncode == 2
    assert "--allow-port 8444" in refused.stderr
    assert told(*add, "--allow-port", "8444").returncode == 0


def test_without_its_packages_the_command_names_them(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "dbos.py").write_text("raise ModuleNotFoundError('dbos', name='dbos')\n")
    path = os.pathsep.join([str(hidden), os.environ.get("PYTHONPATH", "")])
    done = told("watch", PYTHONPATH=path)
    assert done.returncode == 2
    assert "pip install 'buckler[watch]'" in done.stderr


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, buckler.cli.watch\n"
        "print([m for m in ('dbos', 'fastapi', 'sqlalchemy', 'alembic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

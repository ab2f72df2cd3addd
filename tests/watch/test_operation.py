"""What keeps a service running: figures, logs, back-ups, the files in docs/deploy."""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from prometheus_client.parser import text_string_to_metric_families

from buckler.cli.watch import command as watch_command
from buckler.core.errors import UsageError
from buckler.watch import backup, logs, metrics
from buckler.watch.alerts.secrets import Secrets
from buckler.watch.api.common import METRICS, READ
from buckler.watch.db import findings, migrations, scans
from buckler.watch.db.database import Database
from buckler.watch.db.figures import figures
from buckler.watch.db.findings import Wanted
from buckler.watch.errors import RefusedError
from buckler.watch.interface import SYSTEM
from buckler.watch.options import Options
from buckler.watch.place import Place
from buckler.watch.service import Service
from tests.watch.asking import Api, pushed
from tests.watch.made import finding, push, report, target

DEPLOY = Path(__file__).parents[2] / "docs/deploy"


def sample(text: str, name: str, **labels: str) -> float:
    """The value of one sample, read by Prometheus' own parser."""
    found = [
        one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
        if one.name == f"buckler_watch_{name}" and one.labels == labels
    ]
    assert len(found) == 1, (name, labels, text)
    return float(found[0])


def test_figures_are_what_prometheus_reads(database: Database) -> None:
    shop, desk = target(database), target(database, kind="git")
    push(database, shop, report(finding(1), finding(2), finding(3, severity="low")), 1000.0)
    push(database, shop, report(finding(2), finding(3, severity="low")), 1010.0)
    with database.write() as connection:
        scans.request(connection, SYSTEM, desk, 1020.0)
    with database.read() as connection:
        text = metrics.render(figures(connection, 1050.0))
    assert sample(text, "findings", state="open", severity="high") == 1
    assert sample(text, "findings", state="open", severity="low") == 1
    assert sample(text, "findings", state="fixed", severity="high") == 1
    assert sample(text, "targets", grade="B") == 1
    assert sample(text, "targets", grade="") == 1
    assert sample(text, "scans", state="queued") == 1
    assert sample(text, "scan_oldest_wait_seconds") == 30
    assert sample(text, "alerts_unrouted") == 2
    assert all(f.type == "gauge" for f in text_string_to_metric_families(text))


def test_labels_are_escaped_as_prometheus_has_it() -> None:
    odd = 'a"b\\c\nd'
    text = "".join(metrics.family("x", "one\nline", [({"name": odd}, 1.5)]))
    family = next(iter(text_string_to_metric_families(text)))
    assert family.samples[0].labels == {"name": odd}
    assert family.samples[0].value == 1.5


def test_figures_are_for_who_has_the_scope(api: Api, name: str) -> None:
    pushed(api, api.key(name, "analyst"), finding(1))
    assert api.client.get("/metrics").status_code == 401
    assert api.ask(api.key(name, "analyst"), "GET", "/metrics").status_code == 403
    assert api.ask(api.key("boss", "admin", READ), "GET", "/metrics").status_code == 403
    key = api.key("prometheus", "monitor", METRICS)
    answer = api.client.get("/metrics", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == metrics.CONTENT_TYPE
    assert sample(answer.text, "findings", state="open", severity="high") >= 1
    assert api.ask(key, "GET", "/api/targets").status_code == 403


def test_logs_are_lines_that_nobody_forges() -> None:
    program = (
        "import logging, sys\n"
        "from buckler.watch import logs\n"
        "logs.configure(sys.argv[1])\n"
        "log = logging.getLogger('buckler.watch')\n"
        "log.warning('scan %s failed: %s', 'x', 'bad\\nERROR forged\\x1b[31m password=hunter22')\n"
        "try:\n    1 / 0\nexcept ZeroDivisionError:\n    log.exception('it broke')\n"
    )

    def written(form: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", program, form],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ},
        )
        return done.stderr.splitlines()

    made = [json.loads(line) for line in written("json")]
    assert [one["level"] for one in made] == ["warning", "error"]
    assert made[0]["message"].startswith("scan x failed: bad\nERROR forged")
    assert "ZeroDivisionError" in made[1]["trace"]
    assert made[0]["time"].endswith("Z")
    plain = written("text")
    assert plain[0].startswith("WARNING buckler.watch scan x failed: bad")
    assert not any(line.startswith("ERROR forged") for line in plain)
    assert "\x1b" not in "".join(plain)
    assert logging.getLogger().handlers != []
    assert set(logs.FORMATS) == {"text", "json"}


def members(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as archive:
        return {info.name: archive.extractfile(info).read() for info in archive}  # type: ignore[union-attr]


def rewritten(file: Path, made: dict[str, bytes]) -> None:
    with tarfile.open(file, "w") as archive:
        for name, body in made.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a finding, a sealed secret, and scans that had not ended."""
    place = Place.at(tmp_path / "data")
    key = place.key()
    database = Database(place.database)
    migrations.upgrade(database)
    shop, desk = target(database, name="shop"), target(database, name="desk", kind="git")
    push(database, shop, report(finding(1)), 1000.0)
    with database.write() as connection:
        waits, _ = scans.request(connection, SYSTEM, desk, 1001.0)
        scans.handed(connection, waits, 1002.0)
        runs, _ = scans.request(connection, SYSTEM, shop, 1003.0)
        scans.begin(connection, runs, "w", 1004.0)
        scans.request(connection, SYSTEM, shop, 1005.0)
    database.close()
    (place.folder / "sealed").write_text(Secrets(key).seal({"a": "b"}, "x"))
    return place.folder


def test_a_back_up_is_for_its_user_and_goes_back_into_an_empty_folder(
    data: Path, tmp_path: Path
) -> None:
    file, there = tmp_path / "a.tar", tmp_path / "there"
    assert backup.backup(Place(data), file) == ["watch.db", "key"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(p.name for p in data.iterdir() if p.name.startswith("backup")) == []
    with pytest.raises(RefusedError, match="cannot be made"):
        backup.backup(Place(data), file)
    assert backup.restore(file, there) == ["watch.db", "key"]
    assert {p.stat().st_mode & 0o777 for p in there.iterdir()} == {0o600}
    place = Place.at(there)
    assert Secrets(place.key()).open((data / "sealed").read_text(), "x") == {"a": "b"}
    database = Database(place.database)
    with database.read() as connection:
        assert len(findings.listed(connection, SYSTEM, Wanted())) == 1
        told = {(s.state, s.handed_at, s.asked_at) for s in scans.listed(connection, SYSTEM)}
    database.close()
    assert ("queued", None, 1001.0) in told
    assert ("queued", None, 1005.0) in told
    assert ("failed", None, 1003.0) in told
    with pytest.raises(RefusedError, match="not empty"):
        backup.restore(file, there)


def test_a_back_up_of_a_service_that_writes_is_whole(tmp_path: Path) -> None:
    service = Service(Options(data=tmp_path / "data"))
    with service.running():
        shop = target(service.database)
        stop = threading.Event()

        def write() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                push(service.database, shop, report(finding(number)), time.time())

        thread = threading.Thread(target=write)
        thread.start()
        files = [tmp_path / f"{n}.tar" for n in range(3)]
        for file in files:
            names = backup.backup(service.place, file)
            time.sleep(0.2)
        stop.set()
        thread.join()
    assert set(names) == {"watch.db", "engine.db", "key"}
    for number, file in enumerate(files):
        there = tmp_path / f"there{number}"
        backup.restore(file, there)
        with sqlite3.connect(there / "watch.db") as connection:
            open_ones = connection.execute(
                "SELECT count(*) FROM watch_findings WHERE state = 'open'"
            ).fetchone()[0]
            done = connection.execute("SELECT count(*) FROM watch_reports").fetchone()[0]
        # One finding of the last report is open, whichever that was: no transaction is there by half.
        assert open_ones == (1 if done else 0)
    again = Service(Options(data=tmp_path / "there2"))
    with again.running():
        pass


@pytest.mark.parametrize(
    "kind", ["none", "path", "link", "foreign", "later", "cut", "damaged", "no database"]
)
def test_what_is_no_back_up_leaves_nothing(data: Path, tmp_path: Path, kind: str) -> None:
    file, there = tmp_path / "a.tar", tmp_path / "there"
    backup.backup(Place(data), file)
    made = members(file)
    if kind == "none":
        file.write_bytes(b"nothing")
    elif kind == "path":
        rewritten(file, {**made, "../evil": b"x"})
    elif kind == "foreign":
        rewritten(file, {**made, "authorized_keys": b"x"})
    elif kind == "later":
        rewritten(file, {**made, "about.json": b'{"form": 2}'})
    elif kind == "no database":
        rewritten(file, {name: body for name, body in made.items() if name != "watch.db"})
    elif kind == "damaged":
        body = bytearray(made["watch.db"])
        body[4096:60_000] = os.urandom(60_000 - 4096)
        rewritten(file, {**made, "watch.db": bytes(body)})
    elif kind == "cut":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    else:
        with tarfile.open(file, "w") as archive:
            info = tarfile.TarInfo("key")
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(info)
    with pytest.raises(RefusedError, match="no back-up that is whole"):
        backup.restore(file, there)
    assert list(there.iterdir()) == []
    assert not (tmp_path / "evil").exists()


def command(*arguments: str) -> Result:
    """One of the commands, in this process: starting one takes a second."""
    return CliRunner().invoke(watch_command, arguments)


def test_the_commands(data: Path, tmp_path: Path) -> None:
    file, there = str(tmp_path / "a.tar"), str(tmp_path / "there")
    done = command("backup", file, "--data", str(data))
    assert (done.exit_code, "watch.db, key" in done.stdout) == (0, True), done.output
    assert command("restore", file, "--data", there).exit_code == 0
    shown = json.loads(command("status", "--json", "--data", there).stdout)
    assert sorted(one["name"] for one in shown) == ["desk", "shop"]
    url = "postgresql://ann:s3cret@db.example/watch"
    for arguments in (("backup", str(tmp_path / "b.tar")), ("restore", file)):
        error = command(*arguments, "--database", url).exception
        assert isinstance(error, UsageError)
        assert "pg_" in error.hint
        assert "s3cret" not in error.hint
    empty = str(tmp_path / "empty")
    error = command("backup", str(tmp_path / "b.tar"), "--data", empty).exception
    assert isinstance(error, RefusedError)
    assert "no data" in error.message


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_the_unit_is_one(tmp_path: Path) -> None:
    unit = tmp_path / "buckler-watch.service"
    text = (DEPLOY / unit.name).read_text()
    assert "/opt/buckler/bin/buckler" in text
    unit.write_text(text.replace("/opt/buckler/bin/buckler", sys.executable))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told = [line for line in done.stderr.splitlines() if unit.name in line]
    assert (done.returncode, told) == (0, []), done.stderr


def test_the_compose_file_starts_commands_that_are_there() -> None:
    made: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    for name in ("web", "worker"):
        arguments = made["services"][name]["command"]
        done = command(arguments[0], "--help")
        assert done.exit_code == 0
        for option in (one for one in arguments if one.startswith("--")):
            assert option in done.stdout, option

"""What keeps a service running: figures, logs, back-ups, the files in docs/deploy."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from prometheus_client.parser import text_string_to_metric_families

from buckler.cli.watch import command as watch_command
from buckler.watch import logs, metrics
from buckler.watch.api.common import METRICS, READ
from buckler.watch.db import scans
from buckler.watch.db.database import Database
from buckler.watch.db.figures import figures
from buckler.watch.interface import SYSTEM
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


def command(*arguments: str) -> Result:
    """One of the commands, in this process: starting one takes a second."""
    return CliRunner().invoke(watch_command, arguments)


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

"""Every example of docs/audit.md runs, and its tables are what the code does."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError
from starlette.testclient import TestClient

from buckler.guard import Audit, Chain, EventKind, SecurityEvent
from buckler.guard.alarms.detectors import defaults
from buckler.guard.audit.verify import verify
from buckler.notify import Notification, Webhook
from buckler.notify.lane import Figures
from tests.notify.servers import receiver

PAGE = (Path(__file__).parents[2] / "docs/audit.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUDIT_KEY", KEY)


def run(example: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(example, "docs/audit.md", "exec"), names)
    return names


@pytest.mark.parametrize("example", EXAMPLES, ids=[str(n) for n in range(len(EXAMPLES))])
def test_it_runs(example: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        names = run(example)
    audits = [made for made in names.values() if isinstance(made, Audit)]
    written = [figures for audit in audits for figures in audit.figures().values()]
    assert written == [Figures(done=1, errors=0, dropped=0)] * example.count("audit(SecurityEvent(")
    assert [audit.dropped for audit in audits] == [0] * len(audits)
    assert not caplog.records


def test_the_page_has_its_examples() -> None:
    assert len(EXAMPLES) == 7


def test_the_first_tells_what_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    example = EXAMPLES[0].replace(
        "Audit(StdoutSink())", "Audit(StdoutSink()), hosts=['example.org']"
    )
    names = run(example)
    with TestClient(names["app"], base_url="http://example.org") as client:
        client.get("/", headers={"host": "evil.test"})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (refused,) = [line for line in lines if line["kind"] == "request.host_refused"]
    shown = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])  # type: ignore[index]
    assert list(refused)[: len(shown)] == list(shown)
    assert {k: refused[k] for k in ("kind", "severity", "reason")} == {
        k: shown[k] for k in ("kind", "severity", "reason")
    }


def test_the_chain_of_the_example_holds_and_the_command_says_so() -> None:
    (example,) = [e for e in EXAMPLES if "Chain(" in e]
    run(example)
    assert verify([Path("audit.log")], Chain(KEY), sealed=True).records == 2
    Path("audit.key").write_text(KEY + "\n")
    buckler = str(Path(sys.executable).with_name("buckler"))
    command = [buckler, "audit", "verify", "audit.log", "--key-file", "audit.key"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_glob_of_the_example_names_the_log_alone() -> None:
    (example,) = [e for e in EXAMPLES if "Chain(" in e]
    run(example)
    assert [str(f) for f in Path().glob("audit.log*")] == ["audit.log"]


def test_the_channels_of_the_example_are_told(caplog: pytest.LogCaptureFixture) -> None:
    (example,) = [e for e in EXAMPLES if "Slack(" in e]
    example = re.sub(r"\n +Email\(.*", "", example).replace("audit.close()", "")
    with receiver(200) as there, caplog.at_level(logging.WARNING):
        names = run(re.sub(r"https://(hooks|chat)\.example\.org", there.url, example))
        audit: Audit = names["audit"]
        audit(
            SecurityEvent(kind=EventKind.RIGHTS_CHANGED, detail={"subject": "bob", "to": "admin"})
        )
        assert audit.flush(30)
        audit.close()
    assert sorted(request.path for request in there.seen) == ["/alarms", "/services/T000/B000/XXXX"]


def test_the_receiver_of_the_example_takes_what_the_channel_of_the_other_sends() -> None:
    (receiving,) = [run(e)["alarm"] for e in EXAMPLES if "verify(" in e]
    (secret,) = {secret for e in EXAMPLES for secret in re.findall(r"whsec_\w+", e)}
    sent = Notification(title="Many refused requests", level="warning", kind="alarm.x", fields={})
    with receiver(204) as there:
        Webhook(there.url, secret).send(sent)
    (request,) = there.seen
    assert receiving(request.body, request.headers) == json.loads(request.body)
    with pytest.raises(WebhookVerificationError):
        receiving(request.body + b" ", request.headers)


def test_the_rule_of_the_example_is_one_more_and_raises_its_alarm() -> None:
    (alarms,) = [run(e)["alarms"] for e in EXAMPLES if "Threshold(" in e]
    assert len(alarms.detectors) == len(defaults()) + 1
    event = SecurityEvent(kind=EventKind.INPUT_REFUSED, client="192.0.2.7", time=1e9)
    found = [alarm for _ in range(5) for alarm in alarms.see(event)]
    (own,) = [alarm for alarm in found if alarm.rule == "refused_uploads"]
    assert (own.title, own.count) == ("Many refused uploads from 192.0.2.7", 5)


def test_the_table_of_alarms_is_what_the_code_does() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .*?(\d+)\b.*? in (\d+) s \| .*? \| (\d+) s \|$", PAGE, re.M)
    told = [(name, int(many), int(window), int(quiet)) for name, many, window, quiet in rows]
    done = []
    for detector in defaults():
        windows = detector._windows
        done.append((detector.name, windows._threshold, windows._seconds, windows._quiet))
    assert told == done

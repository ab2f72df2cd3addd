"""Channels: changed without losing or lending their secrets, called at the address that was judged, syslog to a receiver."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from buckler.guard.egress.policy import EgressPolicy
from buckler.notify import DeliveryError, Email, Notification, NotifyError, Slack, Syslog, Webhook
from buckler.notify.dial import dial
from buckler.watch.alerts import channels
from buckler.watch.alerts.channels import Reach
from buckler.watch.errors import RefusedError
from tests.notify.servers import certificate, raw, receiver
from tests.watch.asking import Api

SECRET = "whsec_" + "A" * 43 + "="
TOLD = Notification(
    title='SQL "injection"]',
    text="two\nlines",
    level="alert",
    kind="watch.new",
    fields={"rule": "INJ001", "odd ]name": 'a"b\\c]d'},
    time=1_770_091_506.0,
    id="msg_1",
)


@pytest.fixture
def channel(api: Api, ann: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A webhook of ann's; no name is looked up."""
    monkeypatch.setattr(EgressPolicy, "addresses", lambda *_: ["203.0.113.7"])
    given = {
        "name": "hook",
        "kind": "webhook",
        "options": {"url": "https://hooks.example/in", "secrets": SECRET},
        "quiet": {"from": "22:00", "to": "07:00"},
    }
    answer = api.ask(ann, "POST", "/api/channels", json=given)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def opened(api: Api, channel_id: str) -> dict[str, Any]:
    from buckler.watch.db import alerts
    from buckler.watch.interface import SYSTEM

    with api.service.database.read() as connection:
        row = alerts.channel(connection, SYSTEM, channel_id)
    return {**row.options, **api.service.delivering.secrets.open(row.sealed, row.id)}


def test_a_channel_is_changed(api: Api, ann: str, channel: dict[str, Any]) -> None:
    path = f"/api/channels/{channel['id']}"
    change = {"version": 1, "name": "night", "quiet": None, "filters": {"severity": "high"}}
    made = api.ask(ann, "PATCH", path, json=change)
    assert made.status_code == 200, made.text
    told = made.json()
    assert (told["name"], told["quiet"], told["version"]) == ("night", None, 2)
    assert told["filters"] == {"severity": "high"}
    assert opened(api, channel["id"])["secrets"] == SECRET
    stale = api.ask(ann, "PATCH", path, json=change)
    assert (stale.status_code, stale.json()["present"]["version"]) == (409, 2)
    bob = api.key("bob", "analyst")
    assert api.ask(bob, "PATCH", path, json={"version": 2, "name": "x"}).status_code == 404
    wrong = api.ask(ann, "PATCH", path, json={"version": 2, "filters": {"colour": 1}})
    assert wrong.status_code == 422
    assert api.ask(ann, "DELETE", path).status_code == 204
    assert api.ask(ann, "PATCH", path, json={"version": 2, "name": "x"}).status_code == 409


def test_a_secret_does_not_go_along_to_another_place(
    api: Api, ann: str, channel: dict[str, Any]
) -> None:
    path = f"/api/channels/{channel['id']}"
    there = {"url": "https://elsewhere.example/in"}
    refused = api.ask(ann, "PATCH", path, json={"version": 1, "options": there})
    assert refused.status_code == 422
    assert "secrets" in refused.json()["title"]
    assert opened(api, channel["id"])["url"] == "https://hooks.example/in"
    both = {**there, "secrets": "whsec_" + "B" * 43 + "="}
    assert api.ask(ann, "PATCH", path, json={"version": 1, "options": both}).status_code == 200
    assert opened(api, channel["id"]) == both


def test_the_connection_goes_to_the_address_that_was_judged() -> None:
    with receiver() as hook:
        port = int(hook.url.rpartition(":")[2])
        asked: list[tuple[str, int]] = []

        def resolve(host: str, port: int) -> list[str]:
            asked.append((host, port))
            return ["127.0.0.1"]

        # A name that no resolver knows (RFC 6761, 6.4).
        url = f"http://hooks.invalid:{port}/in"
        Webhook(url, SECRET, allow_http=True, resolve=resolve).send(TOLD)
        Slack(url, allow_http=True, resolve=resolve).send(TOLD)
        assert [r.headers["host"] for r in hook.seen] == [f"hooks.invalid:{port}"] * 2
        assert asked == [("hooks.invalid", port)] * 2
        with pytest.raises(DeliveryError):
            Webhook(url, SECRET, allow_http=True, resolve=lambda *_: []).send(TOLD)


def test_tls_asks_for_the_name_and_not_for_the_address(tmp_path: Path) -> None:
    server, client = certificate(tmp_path, "DNS:hooks.invalid")
    with receiver(tls=server) as hook:
        port = hook.url.rpartition(":")[2]
        resolve = {"context": client, "resolve": lambda *_: ["127.0.0.1"]}
        Webhook(f"https://hooks.invalid:{port}/", SECRET, **resolve).send(TOLD)  # type: ignore[arg-type]
        assert len(hook.seen) == 1
        with pytest.raises(DeliveryError, match="certificate"):
            Webhook(f"https://other.invalid:{port}/", SECRET, **resolve).send(TOLD)  # type: ignore[arg-type]


def test_mail_goes_to_the_address_that_was_judged() -> None:
    got: list[bytes] = []

    def busy(connection: socket.socket) -> None:
        got.append(b"called")
        connection.sendall(b"421 later\r\n")

    with raw(busy) as port:
        mail = Email(
            "mail.invalid",
            "a@b.example",
            "c@d.example",
            port=port,
            timeout=1,
            resolve=lambda *_: ["127.0.0.1"],
        )
        with pytest.raises(DeliveryError, match="421") as caught:
            mail.send(TOLD)
    assert (got, caught.value.retry) == ([b"called"], True)


def test_the_first_address_that_answers_is_taken() -> None:
    with raw(lambda c: c.sendall(b"x")) as port:
        with dial("x.invalid", port, 5, lambda *_: ["127.0.0.9", "127.0.0.1"]) as used:
            assert used.recv(1) == b"x"
        with pytest.raises(OSError, match="refused"):
            dial("x.invalid", port, 5, lambda *_: ["127.0.0.9"])


def test_a_name_that_changes_is_judged_when_it_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])
    monkeypatch.setattr(socket, "getaddrinfo", _answering(answers))
    options = {"url": "https://rebinding.example:8443/", "secrets": SECRET}
    reach = Reach()
    made = channels.make("webhook", options, reach.resolver())
    reach.check("webhook", options)
    with pytest.raises(RefusedError):
        made.send(TOLD)


def _answering(answers: Iterator[list[str]]) -> Any:
    def found(_: str, port: int, *__: Any, **___: Any) -> list[Any]:
        address = next(answers, ["127.0.0.1"])[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    return found


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"address": "udp://127.0.0.1:514"}, "itself"),
        ({"address": "tcp://10.0.0.1"}, "url"),
        ({"address": "unix:///dev/log"}, ""),
        ({"address": "https://x.example"}, ""),
        ({"address": "tls://x.example", "facility": 24}, "options"),
        ({"address": "tls://x.example", "colour": 1}, "options.colour"),
        ({}, "options.address"),
    ],
)
def test_syslog_inside_is_refused(api: Api, ann: str, options: dict[str, Any], told: str) -> None:
    given = {"name": "log", "kind": "syslog", "options": options}
    answer = api.ask(ann, "POST", "/api/channels", json=given)
    assert answer.status_code == 422, answer.text
    assert told in answer.json()["title"]


def test_a_message_of_syslog() -> None:
    made = Syslog("udp://127.0.0.1", hostname="web 1").message(TOLD).decode()
    head, _, rest = made.partition(" [")
    assert re.fullmatch(
        r"<105>1 2026-02-03T04:05:06Z web_1 buckler \d+ watch\.new", head
    )  # 13 * 8 + 1
    assert rest.startswith('buckler@32473 id="msg_1" level="alert" f.rule="INJ001"')
    assert 'f.odd__name="a\\"b\\\\c\\]d"]' in rest
    assert rest.endswith('\ufeffSQL "injection"]: two\ufffdlines')
    huge = Notification(title="x" * 9000, fields={f"k{n}": "y" * 200 for n in range(40)})
    assert len(Syslog("udp://127.0.0.1").message(huge)) <= 2048


@pytest.mark.parametrize(
    "changes", [{"facility": 24}, {"facility": True}, {"most": 100}, {"timeout": 0}]
)
def test_a_wrong_option_of_syslog_is_told(changes: dict[str, Any]) -> None:
    with pytest.raises(NotifyError):
        Syslog("udp://127.0.0.1", **changes)


def test_a_receiver_of_syslog_that_is_gone_is_told() -> None:
    with pytest.raises(DeliveryError) as caught:
        Syslog("tcp://127.0.0.1:9").send(TOLD)
    assert caught.value.retry


@pytest.mark.skipif(shutil.which("rsyslogd") is None, reason="there is no rsyslogd")
@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_rsyslog_reads_it(tmp_path: Path, kind: str) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    written = tmp_path / "out"
    config = tmp_path / "rsyslog.conf"
    config.write_text(
        f'module(load="im{kind}")\n'
        'template(name="one" type="string" '
        'string="%pri%|%hostname%|%app-name%|%msgid%|%structured-data%|%msg%\\n")\n'
        f'input(type="im{kind}" address="127.0.0.1" port="{port}")\n'
        f'*.* action(type="omfile" file="{written}" template="one")\n'
    )
    command = ["rsyslogd", "-n", "-f", str(config), "-i", str(tmp_path / "pid")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as daemon:
        try:
            deadline = time.monotonic() + 60
            sink = Syslog(f"{kind}://127.0.0.1:{port}", hostname="web1")
            while not (written.exists() and written.read_text()):
                assert time.monotonic() < deadline
                with suppress(DeliveryError):  # it does not listen yet
                    sink.send(TOLD)
                time.sleep(0.2)
        finally:
            daemon.terminate()
    first = written.read_text().splitlines()[0]
    pri, host, app, kind_of, data, text = first.split("|", 5)
    assert (pri, host, app, kind_of) == ("105", "web1", "buckler", "watch.new")
    assert 'id="msg_1"' in data
    assert "injection" in text

"""Chat and the hundred other services."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from buckler.notify import Apprise, DeliveryError, Notification, NotifyError, Slack
from tests.notify.servers import receiver

# Apprise imports what Python 3.13 no longer has.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")
EVIL = Notification(
    title="<!channel> & <http://evil.test|click> @everyone",
    text="[here](http://evil.test)\x1b[31m\r\nnext",
    level="alert",
    fields={"key": "`x` <@U1>\n*bold*"},
)


def test_slack_shows_an_attackers_text_as_text() -> None:
    with receiver(200) as there:
        Slack(f"{there.url}/services/T/B/x").send(EVIL)
    (request,) = there.seen
    assert request.path == "/services/T/B/x"
    assert json.loads(request.body) == {
        "text": "🚨 *&lt;!channel&gt; &amp; &lt;http://evil.test|click&gt; @\u200beveryone*\n"
        "[here]\u200b(http://evil.test)�[31m\nnext\n"
        "key: `'x' &lt;@\u200bU1&gt;�*bold*`"
    }


def test_slack_text_is_bounded() -> None:
    with receiver(200) as there:
        fields = {f"k{i}": "v" * 10_000 for i in range(1000)}
        Slack(there.url).send(Notification(title="t" * 9999, text="x" * 99_999, fields=fields))
    assert len(there.seen[0].body) < 12_000


def test_slack_tells_what_did_not_arrive_without_the_path() -> None:
    with receiver(403) as there, pytest.raises(DeliveryError, match="403") as caught:
        Slack(f"{there.url}/S3CR3T").send(EVIL)
    assert "S3CR3T" not in str(caught.value) + repr(Slack(f"{there.url}/S3CR3T"))


def test_apprise_sends_to_a_real_service() -> None:
    with receiver(200) as there:
        Apprise(there.url.replace("http", "json") + "/S3CR3T").send(EVIL)
    got = json.loads(there.seen[0].body)
    assert got["title"] == EVIL.title
    assert got["type"] == "failure"
    assert "next" in got["message"] and "\x1b" not in got["message"]


def test_apprise_that_fails_is_a_delivery_error_without_secrets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with receiver(500) as there:
        channel = Apprise(there.url.replace("http", "json") + "/S3CR3T")
        with pytest.raises(DeliveryError) as caught:
            channel.send(EVIL)
    assert "S3CR3T" not in " ".join([repr(channel), channel.name, str(caught.value), caplog.text])


def test_apprise_does_not_know_a_url() -> None:
    with pytest.raises(NotifyError) as caught:
        Apprise("nothing://S3CR3T")
    assert "S3CR3T" not in str(caught.value)


def test_without_apprise_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(NotifyError) as caught:
        Apprise("json://127.0.0.1")
    assert caught.value.hint == "pip install 'buckler[apprise]'"

"""Detectors over events with times of their own; no clock is read."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from buckler.guard import (
    Alarm,
    Alarms,
    Audit,
    EventKind,
    GuardError,
    MemorySink,
    SecurityEvent,
    Severity,
    Threshold,
)
from buckler.guard.alarms.detectors import address, defaults, of
from buckler.notify import Retry, Webhook
from tests.notify.servers import receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def failed(time: float, client: str = "203.0.113.9", **fields: Any) -> SecurityEvent:
    return SecurityEvent(kind=EventKind.SIGN_IN_FAILED, time=time, client=client, **fields)


def rules(events: Iterator[SecurityEvent] | list[SecurityEvent]) -> list[tuple[str, str, int]]:
    """What the usual detectors say."""
    alarms = Alarms()
    return [(a.rule, a.key, a.count) for event in events for a in alarms.see(event)]


def by_address(**options: Any) -> Threshold:
    given = {"threshold": 3, "window": 10, "quiet": 20, **options}
    return Threshold("rule", "{key} fails", of(EventKind.SIGN_IN_FAILED), address, **given)


def test_one_less_is_quiet_and_one_more_is_an_alarm() -> None:
    detector = by_address()
    assert detector.see(failed(1, request_id="a")) is None
    assert detector.see(failed(2, request_id="b")) is None
    assert detector.see(failed(3, client="203.0.113.10")) is None
    assert detector.see(failed(10.9, request_id="c")) == Alarm(
        rule="rule",
        title="203.0.113.9 fails",
        severity=Severity.WARNING,
        key="203.0.113.9",
        count=3,
        first=1,
        last=10.9,
        requests=("a", "b", "c"),
    )


def test_what_lies_outside_of_the_window_does_not_count() -> None:
    detector = by_address()
    assert [detector.see(failed(t)) for t in (0, 9, 10, 19, 20, 29)] == [None] * 6


def test_it_is_quiet_for_a_time_and_then_says_how_many_there_were() -> None:
    detector = by_address()
    alarms = [(t, a.count) for t in range(50) if (a := detector.see(failed(t))) is not None]
    assert alarms == [(2, 3), (22, 20), (42, 20)]


def test_events_out_of_order_and_a_clock_set_back() -> None:
    detector = by_address()
    assert [detector.see(failed(t)) is not None for t in (5, 3, 4)] == [False, False, True]
    detector = by_address()
    assert [detector.see(failed(t)) for t in (10**9, 10**9 + 1)] == [None, None]
    assert [detector.see(failed(t)) is not None for t in (1, 2, 3)] == [False, False, True]


def test_a_flood_of_keys_takes_bounded_memory_and_does_not_hide_who_is_at_work() -> None:
    detector = by_address(threshold=50, window=1e6, quiet=1e6, keys=100)
    found = []
    for number in range(20_000):
        detector.see(failed(number, client=f"flood-{number}"))
        if number % 50 == 0:
            found.append(detector.see(failed(number)))
    assert len(detector._windows) == 100
    assert [alarm.key for alarm in found if alarm] == ["203.0.113.9"]


def test_events_of_one_key_take_bounded_memory() -> None:
    detector = by_address(threshold=5, window=1e9)
    for number in range(10_000):
        detector.see(failed(number, request_id=str(number)))
    window = detector._windows._known["203.0.113.9"]
    assert (len(window.times), len(window.requests)) == (5, 5)


@given(st.lists(st.floats(allow_nan=False), max_size=60), st.integers(1, 5))
def test_any_times_in_any_order(times: list[float], threshold: int) -> None:
    detector = by_address(threshold=threshold)
    alarms = [a for t in times if (a := detector.see(failed(t)))]
    assert sum(a.count for a in alarms) <= len(times)
    assert all(a.count >= 1 and len(a.requests) <= 5 for a in alarms)
    assert threshold > 1 or bool(alarms) is bool(times)


@pytest.mark.parametrize(
    ("client", "key"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_an_address_is_counted_as_who_holds_it(client: str, key: str) -> None:
    assert address(failed(0, client)) == key


def test_failures_by_address_account_and_route() -> None:
    one = [failed(t, principal="alice", method="POST", route="/token") for t in range(20)]
    assert rules(one) == [
        ("failures_by_account", "alice", 10),
        ("failures_by_address", "203.0.113.9", 20),
    ]
    many = [
        failed(
            t / 2, f"198.51.100.{t}", detail={"username": f"u{t}"}, method="POST", route="/token"
        )
        for t in range(200)
    ]
    assert rules(many) == [("failures_by_route", "POST /token", 200)]


def test_one_account_from_many_addresses() -> None:
    events = [failed(t, f"198.51.100.{t}", detail={"email": "a@b.c"}) for t in range(10)]
    assert rules(events) == [("failures_by_account", "a@b.c", 10)]


def test_spraying_counts_accounts_not_tries() -> None:
    slow = [failed(200 * t, detail={"username": f"u{t}"}) for t in range(8)]
    assert rules(slow) == [("spraying", "203.0.113.9", 8)]
    same = [failed(200 * t, detail={"username": f"u{t % 7}"}) for t in range(100)]
    assert [rule for rule, _, _ in rules(same) if rule == "spraying"] == []
    unknown = [failed(200 * t) for t in range(100)]
    assert rules(unknown) == []


def test_a_token_that_was_used_again() -> None:
    event = SecurityEvent(kind=EventKind.TOKEN_REUSED, principal="alice", time=1)
    assert rules([event, event]) == [("token_reuse", "alice", 1)]


@pytest.mark.parametrize(
    ("detail", "key"),
    [
        ({"subject": "bob", "to": "Admin"}, "bob"),
        ({"user": "bob", "role": "superuser"}, "bob"),
        ({"role": "root"}, "alice"),
        ({"subject": "bob", "to": "editor"}, None),
        ({"subject": "bob", "from": "admin", "to": "user"}, None),
        ({}, None),
    ],
)
def test_a_new_administrator(detail: dict[str, Any], key: str | None) -> None:
    event = SecurityEvent(kind=EventKind.RIGHTS_CHANGED, principal="alice", detail=detail, time=1)
    assert rules([event]) == ([("new_admin", key, 1)] if key else [])


def test_each_new_administrator_is_told() -> None:
    events = [
        SecurityEvent(kind=EventKind.RIGHTS_CHANGED, detail={"user": "b", "to": "admin"}, time=t)
        for t in (1, 1, 2)
    ]
    assert len(rules(events)) == 3


def test_bursts_of_refusals_attacks_and_errors() -> None:
    def burst(count: int, apart: float, **fields: Any) -> list[SecurityEvent]:
        return [SecurityEvent(time=n * apart, client="203.0.113.9", **fields) for n in range(count)]

    refused = {"kind": EventKind.ACCESS_REFUSED, "principal": "alice", "status": 403}
    assert rules(burst(30, 1, **refused)) == [("refusals", "alice", 30)]
    assert rules(burst(29, 1, **refused)) == []
    assert rules(burst(100, 3, **refused)) == []
    assert rules(burst(3, 1, kind=EventKind.ATTACK_SEEN)) == [("attacks", "203.0.113.9", 3)]
    assert rules(burst(20, 1, kind=EventKind.FAILED, status=500)) == [
        ("server_errors", "application", 20)
    ]
    assert rules(burst(20, 1, kind=EventKind.LIMIT_EXCEEDED, status=503)) == [
        ("server_errors", "application", 20)
    ]
    secret = burst(2, 1, kind=EventKind.SECRET_ANSWERED, method="GET", route="/me")
    assert rules(secret) == [("secret_answered", "GET /me", 1)]


def test_ordinary_traffic_is_quiet() -> None:
    events = [
        SecurityEvent(
            kind=kind, time=t * 10, client=f"198.51.100.{t % 200}", principal=f"u{t % 50}"
        )
        for t in range(2000)
        for kind in (EventKind.SIGN_IN_SUCCEEDED, EventKind.SIGNED_OUT, EventKind.POLICY_VIOLATED)
    ]
    assert rules(events) == []


def test_an_alarm_goes_from_the_audit_to_a_signed_webhook(
    caplog: pytest.LogCaptureFixture,
) -> None:
    memory = MemorySink()
    with receiver(503, 204) as there, caplog.at_level(logging.WARNING):
        channel = Webhook(there.url, SECRET)
        quick = Retry(attempts=3, first=0.01, factor=1, longest=0.01)
        audit = Audit(memory, alarms=Alarms([by_address()], [channel], retry=quick))
        for number in range(3):
            audit(failed(1000 + number, "203.0.113.9\r\nforged", request_id=f"r{number}"))
        assert audit.flush(30)
        audit.close()
    assert len(memory.events) == 3
    got = standardwebhooks.Webhook(SECRET).verify(there.seen[-1].body, there.seen[-1].headers)
    assert got["type"] == "alarm.rule"
    assert got["timestamp"] == "1970-01-01T00:16:42Z"
    assert got["data"]["fields"] == {
        "rule": "rule",
        "key": "203.0.113.9��forged",
        "count": 3,
        "first": "1970-01-01T00:16:40.000000Z",
        "last": "1970-01-01T00:16:42.000000Z",
        "requests": "r0, r1, r2",
    }
    told = [r.getMessage() for r in caplog.records if r.name == "buckler.guard.alarms"]
    assert told == ["alarm rule: 203.0.113.9��forged fails (3)"]


def test_without_an_audit_the_log_has_whole_lines_too(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        Alarms([by_address(threshold=1)])(failed(1, "203.0.113.9\r\nforged"))
    assert [r.getMessage() for r in caplog.records] == ["alarm rule: 203.0.113.9��forged fails (1)"]


def test_an_alarm_of_the_last_moment_is_sent_while_the_process_ends() -> None:
    program = (
        "import sys\n"
        "from buckler.guard import Alarms, Audit, EventKind, MemorySink, SecurityEvent\n"
        "from buckler.notify import Webhook\n"
        "channel = Webhook(sys.argv[1], sys.argv[2])\n"
        "audit = Audit(MemorySink(), alarms=Alarms(channels=[channel]))\n"
        "audit(SecurityEvent(kind=EventKind.TOKEN_REUSED, principal='alice'))\n"
    )
    with receiver(204) as there:
        command = [sys.executable, "-c", program, there.url, SECRET]
        subprocess.run(command, check=True, timeout=60, capture_output=True)
    assert len(there.seen) == 1


def test_a_detector_that_raises_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        name = "broken"

        def see(self, event: SecurityEvent) -> Alarm | None:
            raise KeyError("x")

    with caplog.at_level(logging.WARNING):
        alarms = Alarms([Broken(), by_address(threshold=1)])
        assert [a.rule for t in range(3) for a in alarms.see(failed(t))] == ["rule"]
    assert alarms.errors == 3
    assert caplog.text.count("the detector broken raised KeyError") == 1


def test_wrong_options_are_told() -> None:
    for options in ({"threshold": 0}, {"window": 0}, {"quiet": -1}, {"keys": 0}):
        with pytest.raises(GuardError):
            by_address(**options)
    with pytest.raises(GuardError):
        Alarms([by_address(), by_address()])
    with pytest.raises(ValueError, match="loud"):
        by_address(severity="loud")
    assert len({detector.name for detector in defaults()}) == 10

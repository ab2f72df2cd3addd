"""Schedules: what is wrong is refused, what was missed is caught up once, a clock that jumps makes no storm."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.watch.errors import RefusedError
from buckler.watch.schedule import Schedule, tick

HOUR = 3600.0


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "* * * *",
        "60 * * * *",
        "0 24 * * *",
        "0 0 30 2 *",
        "* * * * *",
        "0-59/4 * * * *",
        "0 0 * * * *",
        "@reboot",
        "0 " * 200,
        "0 3 * * *; rm",
    ],
)
def test_a_wrong_schedule_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="schedule"):
        Schedule(text)


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../../etc/passwd", "/etc/localtime", "U\0TC"])
def test_a_wrong_zone_is_refused(zone: str) -> None:
    with pytest.raises(RefusedError, match="zone"):
        Schedule("0 3 * * *", zone)


def test_a_zone_is_kept_to_over_the_change_of_its_clocks() -> None:
    # Vienna: CET is UTC+1, CEST from 29 March 2026 on is UTC+2.
    daily = Schedule("30 4 * * *", "Europe/Vienna")
    assert daily.next(at("2026-03-28T00:00:00")) == at("2026-03-28T03:30:00")
    assert daily.next(at("2026-03-29T00:00:00")) == at("2026-03-29T02:30:00")


def test_a_week_that_was_missed_is_one_scan() -> None:
    hourly = Schedule("0 * * * *")
    waited = at("2026-11-01T05:00:00")
    now = at("2026-11-08T05:30:00")
    first = tick(hourly, waited, now)
    assert (first.scan, first.next_at) == (True, at("2026-11-08T06:00:00"))
    assert not tick(hourly, first.next_at, now + 1).scan


def test_a_clock_that_was_ahead_for_a_year_silences_nothing() -> None:
    daily = Schedule("0 3 * * *")
    ahead = tick(daily, at("2026-11-02T03:00:00"), at("2027-11-02T04:00:00"))
    assert ahead.scan
    back = tick(daily, ahead.next_at, at("2026-11-02T04:00:00"))
    assert (back.scan, back.next_at) == (False, at("2026-11-03T03:00:00"))


@settings(deadline=None)
@given(
    st.lists(st.floats(-400 * 24 * HOUR, 400 * 24 * HOUR, allow_nan=False), min_size=1, max_size=30)
)
def test_however_the_clock_jumps_no_two_scans_at_one_time(jumps: list[float]) -> None:
    daily = Schedule("0 3 * * *")
    now, waits = at("2026-11-01T00:00:00"), None
    for jump in jumps:
        now += jump
        first = tick(daily, waits, now)
        again = tick(daily, first.next_at, now)
        assert not again.scan
        assert now < first.next_at <= daily.next(now)
        waits = first.next_at

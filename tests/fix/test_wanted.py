"""What a repair changes on purpose is not held against it, and nothing else is let through."""

from __future__ import annotations

import pytest

from buckler.core.report import Coverage, Report
from buckler.scan.fix.benign import Seen
from buckler.scan.fix.edits import EVERY, Wanted
from buckler.scan.fix.look import Look
from buckler.scan.fix.proving import benign_failure


@pytest.mark.parametrize(
    ("before", "after", "without", "differs"),
    [
        ({"id": "number", "key": "text"}, {"id": "number"}, {"key"}, False),
        ([{"id": "number", "key": "text"}], [{"id": "number"}], {"key"}, False),
        ({"user": {"key": "text", "name": "text"}}, {"user": {"name": "text"}}, {"key"}, False),
        ({"id": "number", "key": "text"}, {"key": "text"}, {"key"}, True),
        ({"id": "number", "key": "text"}, {"id": "number"}, set(), True),
        ({"id": "number", "key": "text"}, {"id": "text"}, {"key"}, True),
    ],
    ids=["gone", "of a list", "inner", "another one gone", "not meant", "another type"],
)
def test_a_field_may_be_gone_and_no_other(before, after, without, differs) -> None:
    one, other = Seen(200, "application/json", before), Seen(200, "application/json", after)
    assert bool(one.differs(other, without)) is differs


def test_another_status_is_never_meant() -> None:
    one, other = Seen(200, "application/json", {}), Seen(500, "application/json", {})
    assert one.differs(other, {"key"}) == "200 became 500"


def test_what_two_repairs_change_is_what_each_changes() -> None:
    both = Wanted(without=frozenset({"a"})).also(Wanted(refused=frozenset({EVERY})))
    assert (both.without, both.refused, both.rerouted) == ({"a"}, {EVERY}, set())


def test_too_many_requests_say_nothing_about_a_repair() -> None:
    """Which of many requests a limit refuses is chance; a refusal with another status is not."""
    report = Report({}, {}, (), Coverage(), {}, {})
    answer = Seen(200, "application/json", {})
    before = Look(report, {("POST /in", "alice"): answer, ("GET /me", "alice"): answer})
    limited = frozenset({("POST /in", "alice")})
    assert not benign_failure(
        before, Look(report, {("GET /me", "alice"): answer}, limited=limited)
    ).why
    assert (
        "POST /in as alice"
        in benign_failure(before, Look(report, {("GET /me", "alice"): answer})).why
    )
    assert "GET /me as alice" in benign_failure(before, Look(report, {}, limited=limited)).why

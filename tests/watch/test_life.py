"""The life of a finding against a model of its own: a table of what has to follow, written from the rules in docs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.watch.life import Known, Looked, State, changes

REPORTS = ("seen", "suppressed", "absent", "not looked")
TABLE = {
    # how it stood, what the report says -> how it stands, and what is told
    (None, "seen"): ("open", "new"),
    (None, "suppressed"): ("false_alarm by code", "suppressed"),
    ("open", "suppressed"): ("false_alarm by code", "suppressed"),
    ("open", "absent"): ("fixed", "fixed"),
    ("regressed", "suppressed"): ("false_alarm by code", "suppressed"),
    ("regressed", "absent"): ("fixed", "fixed"),
    ("fixed", "seen"): ("regressed", "regressed"),
    ("fixed", "suppressed"): ("false_alarm by code", "suppressed"),
    ("accepted", "absent"): ("fixed", "fixed"),
    ("false_alarm by code", "seen"): ("open", "unsuppressed"),
    ("false_alarm by code", "absent"): ("fixed", "gone"),
}
"""Every pair that is not here leaves all as it is and tells nothing."""
LOOKED = Looked(whole=True, engines=frozenset({"source"}), rules=frozenset({"INJ001"}))
AWAY = Looked(whole=True, engines=frozenset({"packages"}), rules=frozenset({"INJ001"}))


@given(
    st.sampled_from(["accepted", "false_alarm", None]),
    st.lists(st.sampled_from([*REPORTS, "decide", "reopen"]), max_size=12),
)
def test_a_life_as_the_model_has_it(decision: str | None, steps: list[str]) -> None:
    stands: str | None = None
    for step in steps:
        if step == "decide" and stands in ("open", "regressed") and decision:
            stands = decision
        elif step == "reopen" and stands in ("accepted", "false_alarm"):
            stands = "open"
        if step not in REPORTS:
            continue
        known = {}
        if stands is not None:
            state = State(stands.removesuffix(" by code"))
            known["f"] = Known(
                fingerprint="f",
                state=state,
                by_code=stands.endswith(" by code"),
                rule="INJ001",
                engines=frozenset({"source"}),
            )
        seen = ["f"] if step in ("seen", "suppressed") else []
        apart = {"f"} if step == "suppressed" else set()
        looked = AWAY if step == "not looked" else LOOKED
        made = [(c.before, c.after, c.kind) for c in changes(known, seen, apart, looked)]
        after, kind = TABLE.get((stands, step), (stands, None))
        if kind is None:
            assert made == []
        else:
            before = None if stands is None else State(stands.removesuffix(" by code"))
            assert made == [(before, State(str(after).removesuffix(" by code")), kind)]
        stands = after


RUN = frozenset({"source", "app", "attack", "packages"})
AT = {"POST /orders": (True, True), "GET /orders": (True, False), "GET /me": (False, False)}


@pytest.mark.parametrize(
    ("engines", "operation", "slot", "gone"),
    [
        ({"attack"}, "POST /orders", "json:id", True),
        ({"attack"}, "GET /orders", "query:q", False),
        ({"attack"}, "GET /orders", None, True),
        ({"app"}, "GET /orders", "query:q", True),
        ({"attack"}, "GET /me", "query:q", False),
        ({"app"}, "GET /me", None, False),
        ({"source"}, "GET /me", "query:q", True),
        ({"attack"}, "DELETE /removed", "path:id", True),
        ({"live"}, None, None, False),
    ],
)
def test_gone_only_where_the_scan_came_there(
    engines: set[str], operation: str | None, slot: str | None, gone: bool
) -> None:
    known = Known(
        fingerprint="f",
        state=State.OPEN,
        rule="INJ001",
        engines=frozenset(engines),
        operation=operation,
        slot=slot,
    )
    looked = Looked(whole=True, engines=RUN, rules=frozenset({"INJ001"}), operations=AT)
    assert looked.at(known) is gone


def test_an_application_of_which_nothing_was_read_lost_no_operation() -> None:
    known = Known(
        fingerprint="f",
        state=State.OPEN,
        rule="INJ001",
        engines=frozenset({"app"}),
        operation="GET /orders",
    )
    looked = Looked(whole=True, engines=RUN, rules=frozenset({"INJ001"}), operations={})
    assert not looked.at(known)


def test_a_report_of_another_tool_closes_nothing_of_ours() -> None:
    known = Known(fingerprint="f", state=State.OPEN, rule="INJ001")
    assert not Looked(whole=True, rules=None, tool="semgrep").at(known)
    assert Looked(whole=True, rules=None, tool="").at(known)

"""Edits of many findings at their limits: what is changed, and what is told of the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from buckler.watch.decisions import MOST_AT_ONCE
from tests.watch.asking import Api, pushed
from tests.watch.made import finding

DECISION = {"what": "false_alarm", "reason": "looked at by hand"}


def ids(api: Api, key: str, number: int) -> list[str]:
    """Ids of so many new findings of somebody's."""
    shop = pushed(api, key, *(finding(n) for n in range(number)))
    found: list[str] = []
    after = ""
    while True:
        path = f"/api/findings?target={shop}&most=500{after}"
        page = api.ask(key, "GET", path).json()
        found += [one["id"] for one in page["findings"]]
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"


def told(api: Api, key: str, path: str, **given: Any) -> tuple[int, Any]:
    answer = api.ask(key, "POST", f"/api/findings/{path}", json=given)
    return answer.status_code, answer.json()


def comments(api: Api, key: str, finding_id: str) -> list[str]:
    history = api.ask(key, "GET", f"/api/findings/{finding_id}").json()["history"]
    return [one["reason"] for one in history if one["what"] == "comment"]


def test_as_many_as_may_be_and_one_more(api: Api, ann: str) -> None:
    known = ids(api, ann, MOST_AT_ONCE + 1)
    for path, edit in (("decisions", DECISION), ("edits", {"decision": DECISION})):
        status, _ = told(api, ann, path, findings=dict.fromkeys(known, 1), **edit)
        assert status == 422
    most = dict.fromkeys(known[:MOST_AT_ONCE], 1)
    assert told(api, ann, "decisions", findings=most, **DECISION) == (
        200,
        {"decided": MOST_AT_ONCE, "refused": {}},
    )
    status, again = told(api, ann, "decisions", findings=most, **DECISION)
    assert (status, again["decided"], set(again["refused"])) == (200, 0, set(most))
    last = api.ask(ann, "GET", f"/api/findings/{known[-1]}").json()
    assert (last["state"], last["version"]) == ("open", 1)


def test_a_comment_on_many_is_on_what_was_seen(api: Api, ann: str) -> None:
    old, new = ids(api, ann, 2)
    assert told(api, ann, "edits", findings={old: 1}, decision=DECISION)[0] == 200
    status, answer = told(api, ann, "edits", findings={old: 1, new: 1}, comment="as agreed")
    assert (status, list(answer["refused"])) == (409, [old])
    assert answer["refused"][old]["present"]["version"] == 2
    assert comments(api, ann, old) == comments(api, ann, new) == []
    both = {old: 2, new: 1}
    assert told(api, ann, "edits", findings=both, comment="as agreed") == (200, {"versions": both})
    assert comments(api, ann, old) == comments(api, ann, new) == ["as agreed"]


def test_an_edit_that_changes_nothing_is_none(api: Api, ann: str) -> None:
    (one,) = ids(api, ann, 1)
    status, answer = told(api, ann, "edits", findings={one: 1})
    assert (status, answer["title"]) == (422, "edit: it changes nothing")


def test_what_is_somebody_elses_is_told_as_what_is_not_there(api: Api, ann: str, name: str) -> None:
    (mine,), (his,) = ids(api, ann, 1), ids(api, api.key(f"{name}-eve", "analyst"), 1)
    gone = "0" * 32
    many = {mine: 1, his: 1, gone: 1}
    _, answer = told(api, ann, "edits", findings=many, comment="hello")
    assert set(answer["refused"]) == {his, gone}
    assert answer["refused"][his] == answer["refused"][gone]
    _, answer = told(api, ann, "decisions", findings=many, **DECISION)
    assert (answer["decided"], set(answer["refused"])) == (1, {his, gone})
    assert answer["refused"][his] == answer["refused"][gone]


@pytest.mark.parametrize("wrong", ["\\ud800", "a" * 100_000, "", "<b>", "\\u0000"])
@pytest.mark.parametrize("path", ["decisions", "edits"])
def test_what_is_no_id_is_refused(api: Api, ann: str, path: str, wrong: str) -> None:
    edit = DECISION if path == "decisions" else {"comment": "hello"}
    body = json.dumps({**edit, "findings": {"@": 1}}).replace("@", wrong)
    headers = {"X-API-Key": ann, "Content-Type": "application/json"}
    answer = api.client.post(f"/api/findings/{path}", content=body, headers=headers)
    assert answer.status_code == 422, answer.text[:300]
    assert len(answer.text) < 2_000


def test_an_id_that_stands_twice_is_one(api: Api, ann: str) -> None:
    (one,) = ids(api, ann, 1)
    body = json.dumps({**DECISION, "findings": {one: 1, "@": 1}}).replace("@", one)
    headers = {"X-API-Key": ann, "Content-Type": "application/json"}
    answer = api.client.post("/api/findings/decisions", content=body, headers=headers)
    assert answer.json() == {"decided": 1, "refused": {}}
    now = api.ask(ann, "GET", f"/api/findings/{one}").json()
    assert [row["after"] for row in now["history"]] == ["open", "false_alarm"]

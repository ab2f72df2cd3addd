"""What one user of a running site gets of another's, by reading alone."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, Header, HTTPException

from buckler.core.finding import Confidence
from buckler.core.report import Report
from buckler.core.settings import IdentitySettings, Settings
from tests.scan.live.serving import look, serve

WHO = {"Bearer of-alice": "alice", "Bearer of-bob": "bob"}
NOTES = {
    n: {"id": n, "owner": ("alice", "bob")[n % 2], "text": f"note {n * 37}"}
    for n in range(101, 109)
}
PEOPLE = Settings(
    identities=tuple(
        IdentitySettings(name, headers={"Authorization": f"Bearer of-{name}"})
        for name in ("alice", "bob")
    )
)


def who(authorization: str) -> str:
    if authorization not in WHO:
        raise HTTPException(401)
    return WHO[authorization]


def notes(*, checked: bool = False, owner: bool = True, page: int = 0, open_: bool = False) -> Any:
    """Notes of two people, and what was sent."""
    app = FastAPI()
    app.state.sent = []

    def shown(note: dict[str, Any]) -> dict[str, Any]:
        return note if owner else {k: v for k, v in note.items() if k != "owner"}

    @app.middleware("http")
    async def remember(request, call_next):
        app.state.sent.append(request.method)
        return await call_next(request)

    if page:

        @app.get("/notes")
        def listed(limit: int = page, authorization: str = Header("")) -> dict[str, Any]:
            mine = sorted(NOTES.values(), key=lambda n: n["owner"] != who(authorization))
            return {"items": [shown(n) for n in mine[:limit]], "total": len(mine)}

    else:

        @app.get("/notes")
        def every(authorization: str = Header("")) -> list[dict[str, Any]]:
            return [shown(n) for n in NOTES.values() if n["owner"] == who(authorization)]

    @app.get("/notes/{note_id}")
    def one(note_id: int, authorization: str = Header("")) -> dict[str, Any]:
        name = "" if open_ else who(authorization)
        note = NOTES.get(note_id)
        if note is None or (checked and note["owner"] != name):
            raise HTTPException(404)
        return shown(note)

    @app.delete("/notes/{note_id}")
    def gone(note_id: int, authorization: str = Header("")) -> None:
        raise AssertionError("nothing is deleted to find out whose it is")

    return app


def scanned(app: FastAPI, settings: Settings = PEOPLE, **bounds: Any) -> Report:
    with serve(app) as url:
        return look(url, settings, **bounds)


def foreign(report: Report) -> list[tuple[str | None, Confidence]]:
    return [(f.location.operation, f.confidence) for f in report.findings if f.rule == "ACC009"]


def test_what_names_its_owner_is_proved() -> None:
    report = scanned(notes())
    assert foreign(report) == [("GET /notes/{note_id}", Confidence.PROVED)]
    (found,) = (f for f in report.findings if f.rule == "ACC009")
    seen, mine = (p.data for p in found.proof[:2])
    assert seen["request"]["identity"] != mine["request"]["identity"]
    assert seen["request"]["url"] == mine["request"]["url"]
    assert "of-alice" not in str(found.proof) and "of-bob" not in str(found.proof)


def test_what_says_nothing_of_its_owner_is_suspected() -> None:
    """One list has it and the other has not: it may be meant for both."""
    assert foreign(scanned(notes(owner=False))) == [("GET /notes/{note_id}", Confidence.SUSPECTED)]


@pytest.mark.parametrize(
    "kind",
    [{"checked": True}, {"page": 4}, {"open_": True}],
    ids=["the owner is compared", "lists are pages of one that all see", "open to everybody"],
)
def test_nothing_is_said(kind: dict[str, Any]) -> None:
    report = scanned(notes(**kind))
    assert foreign(report) == []
    reached = {o.operation for o in report.coverage.operations if o.reached}
    assert {"GET /notes", "GET /notes/{note_id}"} <= reached


@pytest.mark.parametrize(
    "bounds",
    [{"permitted": False}, {}],
    ids=["nobody said that it may be tested", "one identity"],
)
def test_it_takes_two_and_a_word(bounds: dict[str, Any]) -> None:
    one = Settings(identities=PEOPLE.identities[:1])
    assert foreign(scanned(notes(), PEOPLE if bounds else one, **bounds)) == []


def test_nothing_is_changed_even_where_the_rest_of_the_scan_may() -> None:
    app = notes(owner=False)
    scanned(app)
    assert set(app.state.sent) <= {"GET", "OPTIONS", "HEAD"}


def test_an_owner_that_the_address_names() -> None:
    """``/orders?user=``: what is asked for by another's name and got."""
    app = FastAPI()
    orders = {"alice": ["tea for 4711"], "bob": ["rope for 1812"]}

    @app.get("/me")
    def me(authorization: str = Header("")) -> dict[str, str]:
        return {"username": who(authorization)}

    @app.get("/orders")
    def placed(username: str, authorization: str = Header("")) -> list[dict[str, str]]:
        who(authorization)
        return [{"item": text} for text in orders.get(username, [])]

    report = scanned(app)
    assert foreign(report) == [("GET /orders", Confidence.PROVED)]


def test_lists_are_read_to_their_end() -> None:
    """What stands far down in a list is in it."""
    app = FastAPI()
    names = [f"{n:04d}" for n in range(1, 40)]

    @app.get("/goods")
    def goods(authorization: str = Header("")) -> list[dict[str, str]]:
        order = names if who(authorization) == "alice" else names[::-1]
        return [{"id": name} for name in order]

    @app.get("/goods/{good_id}")
    def good(good_id: str, authorization: str = Header("")) -> dict[str, str]:
        who(authorization)
        if good_id not in names:
            raise HTTPException(404)
        return {"id": good_id, "price": f"{int(good_id) * 7} EUR"}

    assert foreign(scanned(app)) == []


def test_what_two_members_see_of_a_third_is_suspected() -> None:
    """A forum, or a hole: who is meant to see it, no list says."""
    app = FastAPI()

    @app.get("/posts/{post_id}")
    def post(post_id: int, authorization: str = Header("")) -> dict[str, Any]:
        who(authorization)
        if post_id > 5:
            raise HTTPException(404)
        return {"id": post_id, "user_id": 4711, "text": f"post {post_id * 31}"}

    assert foreign(scanned(app)) == [("GET /posts/{post_id}", Confidence.SUSPECTED)]

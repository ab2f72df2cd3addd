"""Objects of somebody else, asked for by naming the owner, a parent, or another name of the id."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

PEOPLE = """\
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel

app = FastAPI()
KEYS = {"ann-key-123": (11, "ann"), "bob-key-123": (12, "bob")}


def me(x_key: str = Header("")) -> tuple[int, str]:
    if x_key not in KEYS:
        raise HTTPException(401)
    return KEYS[x_key]


@app.get("/me")
def who(user=Depends(me)) -> dict:
    return {"id": user[0], "username": user[1]}

"""
IDENTITIES = """\
[tool.buckler.identities.ann]
header = "X-Key: ann-key-123"
[tool.buckler.identities.bob]
header = "X-Key: bob-key-123"
"""
Project = Callable[[dict[str, str]], Path]


def found(
    project: Project, scan, text: str, rule: str = "ACC009", people: str = PEOPLE
) -> set[tuple[str, str]]:
    folder = project({"main.py": people + text, "pyproject.toml": IDENTITIES})
    report = scan(folder, select=(rule,))
    assert not report.failed, report.failed
    return {
        (f.location.operation, f.location.slot)
        for f in report.findings
        if f.rule == rule and f.confidence == "proved"
    }


def test_the_owner_in_the_query(project, scan) -> None:
    text = """
BOATS = [{"id": n, "keeper": 11 + n % 2, "berth": f"B{n}"} for n in range(4)]
POSTS = [{"id": n, "author": 11 + n % 2, "text": f"post {n}"} for n in range(4)]


@app.get("/boats")
def boats(customer: int | None = None, user=Depends(me)) -> list:
    return [b for b in BOATS if b["keeper"] == (customer or user[0])]


@app.get("/logbook")
def logbook(user_id: int, user=Depends(me)) -> list:
    return [b for b in BOATS if b["keeper"] == user_id]


@app.get("/safe/boats")
def own_boats(customer: int | None = None, user=Depends(me)) -> list:
    return [b for b in BOATS if b["keeper"] == user[0] and customer in (None, user[0])]


@app.get("/posts")
def posts(user_id: int | None = None, user=Depends(me)) -> list:
    return [p for p in POSTS if user_id is None or p["author"] == user_id]
"""
    assert found(project, scan, text) == {
        ("GET /boats", "query:customer"),
        ("GET /logbook", "query:user_id"),
    }


def test_the_owner_by_name_in_the_path(project, scan) -> None:
    text = """
NOTES = {"ann": [{"note": "milk at nine"}], "bob": [{"note": "rent is due"}]}


@app.get("/users/{username}/notes")
def notes(username: str, user=Depends(me)) -> list:
    return NOTES.get(username, [])


@app.get("/users/{username}/diary")
def diary(username: str, user=Depends(me)) -> list:
    if username != user[1]:
        raise HTTPException(404)
    return NOTES[username]


@app.get("/users/{username}")
def profile(username: str, user=Depends(me)) -> dict:
    if username not in NOTES:
        raise HTTPException(404)
    return {"username": username, "notes": len(NOTES[username]), "since": 2000 + len(NOTES[username][0]["note"])}
"""
    assert found(project, scan, text) == {("GET /users/{username}/notes", "path:username")}


def test_the_owner_in_the_body(project, scan) -> None:
    text = """
ADDRESSES = {11: "Quay 1", 12: "Quay 2"}
BOARD = ["hello"]


class Move(BaseModel):
    person_id: int = 11
    address: str = "Quay 3"


@app.put("/moves")
def move(data: Move, user=Depends(me)) -> dict:
    ADDRESSES[data.person_id] = data.address
    return {"ok": True}


@app.put("/safe/moves")
def own_move(data: Move, user=Depends(me)) -> dict:
    if data.person_id != user[0]:
        raise HTTPException(403)
    ADDRESSES[data.person_id] = data.address
    return {"ok": True}


@app.put("/board")
def write(data: Move, user=Depends(me)) -> dict:
    BOARD.append(data.address)
    return {"ok": True}


@app.get("/board")
def board(user=Depends(me)) -> list:
    return BOARD


@app.get("/address")
def address(user=Depends(me)) -> dict:
    return {"address": ADDRESSES.get(user[0])}
"""
    assert found(project, scan, text) == {("PUT /moves", "json:person_id")}


def test_ids_in_a_nested_list_of_a_body(project, scan) -> None:
    text = """
CRATES = {n: 11 + n % 2 for n in range(1, 7)}


class Line(BaseModel):
    crate: int = 1


class Load(BaseModel):
    lines: list[Line] = [Line()]


def check(number: int, user: tuple[int, str]) -> None:
    if CRATES.get(number) != user[0]:
        raise HTTPException(404)


@app.get("/crates/{number}")
def crate(number: int, user=Depends(me)) -> dict:
    check(number, user)
    return {"number": number}


@app.post("/loads")
def load(data: Load, user=Depends(me)) -> dict:
    for line in data.lines:
        if line.crate not in CRATES:
            raise HTTPException(404)
    return {"loaded": len(data.lines)}


@app.post("/own/loads")
def own_load(data: Load, user=Depends(me)) -> dict:
    for line in data.lines:
        check(line.crate, user)
    return {"loaded": len(data.lines)}
"""
    assert found(project, scan, text) == {("POST /loads", "json:lines[].crate")}


def test_ones_own_parent_with_the_child_of_another(project, scan) -> None:
    text = """
SHIPS: dict[int, int] = {}
TRIPS: dict[int, tuple[int, str]] = {}


class Trip(BaseModel):
    port: str = "Ostend"


def own(ship_id: int, user=Depends(me)) -> int:
    if SHIPS.get(ship_id) != user[0]:
        raise HTTPException(404)
    return ship_id


@app.post("/ships", status_code=201)
def add_ship(user=Depends(me)) -> dict:
    SHIPS[len(SHIPS) + 1] = user[0]
    return {"data": {"id": len(SHIPS)}}


@app.post("/ships/{ship_id}/trips", status_code=201)
def add_trip(trip: Trip, ship: int = Depends(own)) -> dict:
    TRIPS[len(TRIPS) + 1] = (ship, trip.port)
    return {"id": len(TRIPS)}


@app.get("/ships/{ship_id}/trips/{trip_id}")
def trip(trip_id: int, ship: int = Depends(own)) -> dict:
    if trip_id not in TRIPS:
        raise HTTPException(404)
    return {"trip": trip_id, "port": TRIPS[trip_id][1]}


@app.get("/ships/{ship_id}/log/{trip_id}")
def log(trip_id: int, ship: int = Depends(own)) -> dict:
    if trip_id not in TRIPS or TRIPS[trip_id][0] != ship:
        raise HTTPException(404)
    return {"trip": trip_id, "port": TRIPS[trip_id][1]}
"""
    assert found(project, scan, text) == {("GET /ships/{ship_id}/trips/{trip_id}", "path:trip_id")}


def test_an_id_that_is_called_otherwise_in_the_path(project, scan) -> None:
    text = """
MEMOS: dict[int, dict] = {}


class Memo(BaseModel):
    text: str = "tide at six"


@app.post("/memos", status_code=201)
def add(memo: Memo, user=Depends(me)) -> dict:
    MEMOS[len(MEMOS) + 501] = {"id": len(MEMOS) + 501, "by": user[0], "text": memo.text}
    return {"items": [MEMOS[len(MEMOS) + 500]]}


@app.put("/memos/{number}")
def change(number: int, memo: Memo, user=Depends(me)) -> dict:
    if number not in MEMOS:
        raise HTTPException(404)
    MEMOS[number]["text"] = memo.text
    return MEMOS[number]


@app.put("/memos/{number}/text")
def change_own(number: int, memo: Memo, user=Depends(me)) -> dict:
    if number not in MEMOS or MEMOS[number]["by"] != user[0]:
        raise HTTPException(404)
    MEMOS[number]["text"] = memo.text
    return MEMOS[number]
"""
    assert found(project, scan, text) == {("PUT /memos/{number}", "path:number")}


NAMELESS = PEOPLE.partition('@app.get("/me")')[0]
GUESSED = """
NUMBERS = {"ann": 1, "bob": 2}
LETTERS = {1: "mild", 2: "calm"}


class Draft(BaseModel):
    holder_id: int = 1
    text: str = "mild"


@app.get("/letters/{holder}/text")
def letter(holder: int, user=Depends(me)) -> dict:
    if NUMBERS[user[1]] != holder:
        raise HTTPException(404)
    return {"text": LETTERS[holder]}


@app.put("/letters")
def write(draft: Draft, user=Depends(me)) -> dict:
    LETTERS[CHOSEN] = draft.text
    return {"by": user[1]}


@app.get("/board")
def board(user=Depends(me)) -> dict:
    return {"all": list(LETTERS.values())}
"""


def test_the_owner_is_a_number_that_no_answer_names(project, scan) -> None:
    text = GUESSED.replace("CHOSEN", "draft.holder_id")
    assert found(project, scan, text, people=NAMELESS) == {("PUT /letters", "json:holder_id")}


def test_a_number_that_is_given_and_not_looked_at_is_no_finding(project, scan) -> None:
    text = GUESSED.replace("CHOSEN", "NUMBERS[user[1]]")
    assert found(project, scan, text, people=NAMELESS) == set()

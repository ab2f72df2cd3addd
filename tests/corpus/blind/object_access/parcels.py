import sqlite3
from typing import Annotated

from fastapi import Depends, HTTPException

from people import Me

con = sqlite3.connect(":memory:", check_same_thread=False)
con.row_factory = sqlite3.Row


def prepare() -> None:
    con.execute("DROP TABLE IF EXISTS parcel")
    con.execute(
        "CREATE TABLE parcel (id INTEGER PRIMARY KEY, owner_id INT, address TEXT, state TEXT)"
    )
    for owner, address in (
        (1, "1 Mill Lane"),
        (2, "7 Quay Road"),
        (3, "9 Hill Street"),
    ):
        con.execute(
            "INSERT INTO parcel (owner_id, address, state) VALUES (?, ?, 'open')",
            (owner, address),
        )


def find(number: int) -> dict:
    row = con.execute("SELECT * FROM parcel WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise HTTPException(404)
    return dict(row)


def find_own(number: int, owner: int) -> dict:
    row = con.execute(
        "SELECT * FROM parcel WHERE id = ? AND owner_id = ?", (number, owner)
    ).fetchone()
    if row is None:
        raise HTTPException(404)
    return dict(row)


def set_state(number: int, state: str) -> dict:
    con.execute("UPDATE parcel SET state = ? WHERE id = ?", (state, number))
    return find(number)


def own_parcel(number: int, me: Me) -> dict:
    parcel = find(number)
    if parcel["owner_id"] != me.id and me.role != "admin":
        raise HTTPException(403)
    return parcel


Own = Annotated[dict, Depends(own_parcel)]

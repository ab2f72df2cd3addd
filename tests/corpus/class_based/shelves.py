import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, Field

from members import SignedIn, member

FILE = Path(__file__).with_name("library.db")


@contextmanager
def database():
    con = sqlite3.connect(FILE)
    con.row_factory = sqlite3.Row
    try:
        with con:
            yield con
    finally:
        con.close()


def prepare() -> None:
    FILE.unlink(missing_ok=True)
    with database() as con:
        for table in ("book", "loan", "wish"):
            con.execute(
                f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, title TEXT, member_id INTEGER)"
            )
            con.execute(f"INSERT INTO {table} (title, member_id) VALUES ('Dunes', 1)")
            con.execute(f"INSERT INTO {table} (title, member_id) VALUES ('Tides', 2)")


class Item(BaseModel):
    title: str = Field(max_length=100, examples=["Dunes"])


class Shelf:
    table: ClassVar[str]
    columns: ClassVar[tuple[str, ...]] = ("id", "title")

    def list(
        self,
        me: SignedIn,
        sort: str = "id",
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
    ):
        column = sort if sort in self.columns else self.columns[0]
        return self.rows(f"SELECT id, title FROM {self.table} ORDER BY {column} LIMIT ?", limit)

    def one(self, me: SignedIn, number: int):
        found = self.rows(
            f"SELECT id, title FROM {self.table} WHERE id = ? AND member_id = ?",
            number,
            me.id,
        )
        if not found:
            raise HTTPException(404)
        return found[0]

    def add(self, me: SignedIn, item: Item):
        with database() as con:
            cur = con.execute(
                f"INSERT INTO {self.table} (title, member_id) VALUES (?, ?)",
                (item.title, me.id),
            )
            return {"id": cur.lastrowid}

    def remove(self, number: int):
        with database() as con:
            cur = con.execute(f"DELETE FROM {self.table} WHERE id = ?", (number,))
            return {"removed": cur.rowcount}

    def rows(self, query: str, *values):
        with database() as con:
            return [dict(row) for row in con.execute(query, values)]


class Books(Shelf):
    table = "book"


class Loans(Shelf):
    table = "loan"

    def list(self, me: SignedIn, sort: str = "id", title: str = ""):
        query = "SELECT id, title FROM loan WHERE member_id = ? AND title LIKE '%" + title + "%'"
        return self.rows(query, me.id)

    def one(self, me: SignedIn, number: int):
        found = self.rows(f"SELECT * FROM {self.table} WHERE id = ?", number)
        if not found:
            raise HTTPException(404)
        return found[0]


class ShelfRouter(APIRouter):
    def __init__(self, shelf: Shelf, *, removable: bool = True, **options):
        super().__init__(**options)
        self.add_api_route("", shelf.list, methods=["GET"])
        self.add_api_route("/{number}", shelf.one, methods=["GET"])
        if removable:
            guard = [Depends(member)] if shelf.table == "loan" else None
            self.add_api_route("/{number}", shelf.remove, methods=["DELETE"], dependencies=guard)
        else:
            self.add_api_route("", shelf.add, methods=["POST"], status_code=201)

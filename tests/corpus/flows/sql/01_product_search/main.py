import sqlite3
from contextlib import closing

from fastapi import FastAPI, HTTPException

app = FastAPI(title="Catalogue")
DATABASE = "catalogue.db"


def connect() -> sqlite3.Connection:
    db = sqlite3.connect(DATABASE)
    db.row_factory = sqlite3.Row
    return db


with closing(connect()) as setup:
    setup.execute("CREATE TABLE IF NOT EXISTS products (id INTEGER PRIMARY KEY, name TEXT, price REAL)")
    setup.commit()


@app.get("/products")
def products(q: str = "", limit: int = 20):
    if limit > 100:
        raise HTTPException(422, "limit is too high")
    with closing(connect()) as db:
        rows = db.execute(f"SELECT id, name, price FROM products WHERE name LIKE '%{q}%' LIMIT {limit}").fetchall()
    return [dict(row) for row in rows]

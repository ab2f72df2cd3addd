import sqlite3

from fastapi import Depends, FastAPI

from paging import Page

app = FastAPI()


def get_db():
    db = sqlite3.connect("catalogue.db", check_same_thread=False)
    db.execute("CREATE TABLE IF NOT EXISTS products (id INTEGER PRIMARY KEY, name TEXT)")
    try:
        yield db
    finally:
        db.close()


@app.get("/products")
def products(q: str, page: Page = Depends(), db: sqlite3.Connection = Depends(get_db)):
    sql = "SELECT id, name FROM products WHERE name LIKE ?" + page.clause()
    return db.execute(sql, (f"%{q}%",)).fetchall()

import sqlite3

from fastapi import FastAPI

from parsing import number

app = FastAPI()
db = sqlite3.connect("blog.db", check_same_thread=False)
db.execute("CREATE TABLE IF NOT EXISTS posts (id INTEGER PRIMARY KEY, title TEXT)")


@app.get("/posts")
def posts(after: str = "0"):
    start = number(after)
    rows = db.execute("SELECT id, title FROM posts WHERE id > %s ORDER BY id" % start)
    return list(rows)

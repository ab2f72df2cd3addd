import psycopg
from fastapi import FastAPI, Query

from users.lookup import find_users

app = FastAPI()


@app.get("/users")
def users(ids: list[str] = Query(default_factory=list)):
    with psycopg.connect("dbname=people") as connection:
        return find_users(connection, [part.strip() for part in ids if part])

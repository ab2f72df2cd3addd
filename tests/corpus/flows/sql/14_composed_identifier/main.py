import psycopg
from fastapi import FastAPI
from psycopg import sql

app = FastAPI()


@app.get("/tables/{name}/rows")
def rows(name: str, minimum: int = 0):
    statement = sql.SQL("SELECT * FROM {} WHERE id >= {}").format(sql.Identifier(name), sql.Placeholder())
    with psycopg.connect("dbname=people") as connection:
        with connection.cursor() as cursor:
            cursor.execute(statement, (minimum,))
            return cursor.fetchall()

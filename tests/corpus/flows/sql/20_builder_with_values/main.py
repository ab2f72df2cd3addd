import sqlite3

from fastapi import FastAPI

from builder import Select

app = FastAPI()
db = sqlite3.connect("cars.db", check_same_thread=False)
db.execute("CREATE TABLE IF NOT EXISTS cars (id INTEGER, make TEXT, doors INTEGER)")


@app.get("/cars")
def cars(make: str, doors: int = 4):
    query = Select("cars").where(doors=doors, make=make).limit(20)
    return db.execute(*query.compiled()).fetchall()

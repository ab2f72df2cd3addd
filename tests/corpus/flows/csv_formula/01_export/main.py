import csv
import io

from fastapi import FastAPI, Response
from pydantic import BaseModel

app = FastAPI()
people: list[str] = []


class Person(BaseModel):
    name: str


@app.post("/people")
def add(person: Person):
    people.append(person.name)
    return {"count": len(people)}


@app.get("/people.csv")
def export():
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["number", "name"])
    for number, name in enumerate(people, 1):
        writer.writerow([number, name])
    return Response(out.getvalue(), media_type="text/csv")

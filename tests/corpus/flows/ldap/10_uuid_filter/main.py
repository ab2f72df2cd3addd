from uuid import UUID

from fastapi import FastAPI

from people import PeopleDirectory

app = FastAPI()
people = PeopleDirectory("directory.example")


@app.get("/people/{key}")
def person(key: UUID):
    return {"found": people.exists(key)}

from fastapi import FastAPI
from pydantic import BaseModel

from teams import TeamStore

app = FastAPI()
store = TeamStore("teams.db")


class Team(BaseModel):
    name: str


@app.post("/teams")
def add(team: Team):
    store.clear()
    return {"id": store.add(team.name)}


@app.get("/teams/{number}/members")
def members(number: int):
    return store.members(number)

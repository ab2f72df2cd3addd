from fastapi import FastAPI
from pymongo import MongoClient

app = FastAPI()
players_collection = MongoClient("mongodb://localhost")["game"]["players"]


@app.get("/players")
def players(nick: str, minimum: int = 0):
    query = {"nick": nick, "$where": f"this.wins - this.losses >= {minimum}"}
    return {"names": [p["name"] for p in players_collection.find(query)]}

from fastapi import FastAPI

from storage.players import by_nick

app = FastAPI()


@app.get("/players")
def players(nick: str, minimum: int = 0):
    return {"names": [p["name"] for p in by_nick(nick, minimum)]}

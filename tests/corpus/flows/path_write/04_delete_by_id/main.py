import os

from fastapi import FastAPI, HTTPException

from stored import Stored

app = FastAPI()
stored = Stored("uploads")
stored.add("old.txt")
stored.add("older.txt")


@app.delete("/notes/{number}")
def delete(number: int):
    path = stored.path(number)
    if path is None:
        raise HTTPException(404)
    if os.path.exists(path):
        os.remove(path)
    return {"deleted": number}

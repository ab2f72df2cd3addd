from fastapi import FastAPI, HTTPException

from notes import find

app = FastAPI()


@app.get("/notes")
def note(name: str):
    path = find(name)
    if path is None:
        raise HTTPException(404)
    return {"text": path.read_text()}

from pathlib import Path

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from slugs import slug

app = FastAPI()
NOTES = Path("uploads")
NOTES.mkdir(exist_ok=True)


class Note(BaseModel):
    title: str
    text: str


@app.put("/notes")
def save(note: Note):
    name = slug(note.title)
    if not name:
        raise HTTPException(422, "title is empty")
    (NOTES / f"{name}.txt").write_text(note.text)
    return {"saved": name}

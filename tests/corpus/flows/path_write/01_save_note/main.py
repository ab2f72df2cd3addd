from pathlib import Path

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
NOTES = Path("uploads")
NOTES.mkdir(exist_ok=True)


class Note(BaseModel):
    title: str
    text: str


@app.put("/notes")
def save(note: Note):
    (NOTES / note.title).write_text(note.text)
    return {"saved": note.title}

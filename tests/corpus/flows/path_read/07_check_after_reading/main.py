from fastapi import FastAPI, HTTPException

from notes import Notes

app = FastAPI()
notes = Notes()


@app.get("/notes")
def note(name: str):
    text = notes.get(name)
    if text is None:
        raise HTTPException(404)
    return {"text": text}

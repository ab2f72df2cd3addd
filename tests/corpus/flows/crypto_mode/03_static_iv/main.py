from fastapi import Depends, FastAPI
from pydantic import BaseModel

from vault import Vault, get_vault

app = FastAPI()


class Note(BaseModel):
    text: str


@app.post("/notes")
def note(note: Note, vault: Vault = Depends(get_vault)):
    return {"data": vault.encrypt(note.text.encode()).hex()}

from fastapi import Depends, FastAPI
from pydantic import BaseModel

from drafts import MemoryBackend, backend

app = FastAPI()


class Draft(BaseModel):
    text: str


@app.put("/drafts/{number}")
async def put(number: int, draft: Draft, store: MemoryBackend = Depends(backend)):
    store.set(f"draft:{number}", draft.text)
    return {"stored": number}


@app.get("/drafts/{number}")
async def get(number: int, store: MemoryBackend = Depends(backend)):
    return {"draft": store.get(f"draft:{number}")}

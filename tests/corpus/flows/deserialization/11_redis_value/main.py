from fastapi import Depends, FastAPI, Request

from drafts import Backend, backend

app = FastAPI()


@app.put("/drafts/{number}")
async def put(number: int, request: Request, store: Backend = Depends(backend)):
    await store.set(f"draft:{number}", await request.body())
    return {"stored": number}


@app.get("/drafts/{number}")
async def get(number: int, store: Backend = Depends(backend)):
    return {"draft": str(await store.get(f"draft:{number}"))}

from fastapi import Body, FastAPI, HTTPException

from drafts import DraftStore, OutsideError

app = FastAPI()
store = DraftStore()


@app.post("/drafts")
def draft(name: str = Body(), body: str = Body()):
    try:
        store.save(name, body)
    except OutsideError:
        raise HTTPException(400, "bad name") from None
    return {"drafts": store.count}

from fastapi import Body, FastAPI

from drafts import DraftStore

app = FastAPI()
store = DraftStore()


@app.post("/drafts")
def draft(name: str = Body(), body: str = Body()):
    store.save(name, body)
    return {"drafts": store.count}

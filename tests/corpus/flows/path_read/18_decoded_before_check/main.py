from fastapi import FastAPI, HTTPException

from media import Media

app = FastAPI()


@app.get("/media")
def media(name: str):
    item = Media.find(name)
    if item is None:
        raise HTTPException(404)
    return {"text": item.text()}

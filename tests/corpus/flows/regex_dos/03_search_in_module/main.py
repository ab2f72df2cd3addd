from fastapi import FastAPI

from tags import split_tags

app = FastAPI()


@app.get("/tags")
async def tags(text: str):
    return {"tags": split_tags(text)}

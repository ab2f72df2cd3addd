from fastapi import FastAPI
from pydantic import BaseModel

from blocks import rendered

app = FastAPI()


class Block(BaseModel):
    kind: str
    body: str


class Page(BaseModel):
    blocks: list[Block]


@app.post("/pages")
async def page(page: Page):
    return {"html": [part async for part in rendered(page.blocks)]}

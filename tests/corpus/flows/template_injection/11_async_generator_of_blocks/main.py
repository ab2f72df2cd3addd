from fastapi import FastAPI
from pydantic import BaseModel

from blocks import page_source
from render import render

app = FastAPI()


class Block(BaseModel):
    kind: str
    body: str


class Page(BaseModel):
    blocks: list[Block]


@app.post("/pages")
async def page(page: Page):
    source = "\n".join([part async for part in page_source(page.blocks)])
    return {"html": render(source)}

from typing import Annotated

from fastapi import FastAPI, Query
from lxml import etree
from pydantic import BaseModel, Field

app = FastAPI()
TREE = etree.parse("parts.xml")


class Wanted(BaseModel):
    colour: str = Field(pattern="^[a-z0-9]+$")


@app.get("/parts")
async def parts(wanted: Annotated[Wanted, Query()]):
    expression = "//part[@colour='" + wanted.colour + "']"
    return {"parts": [part.text for part in TREE.xpath(expression)]}

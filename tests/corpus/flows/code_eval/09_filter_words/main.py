import logging

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from sheet import Sheet

log = logging.getLogger(__name__)
app = FastAPI()


class Formulas(BaseModel):
    cells: list[str]


@app.post("/formulas")
def formulas(body: Formulas):
    sheet = Sheet()
    for position, cell in enumerate(body.cells):
        try:
            sheet.put(position, cell)
        except ValueError as error:
            log.warning("cell %d refused", position)
            raise HTTPException(400, "cell refused") from error
    return {"values": [str(value) for value in sheet]}

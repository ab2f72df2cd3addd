from fastapi import FastAPI
from pydantic import BaseModel

from printing import Printer

app = FastAPI()
printer = Printer()


class Print(BaseModel):
    page: str
    options: dict[str, int] = {}


@app.post("/pdf")
async def pdf(body: Print):
    code = await printer.render(body.page, **body.options)
    return {"code": code}

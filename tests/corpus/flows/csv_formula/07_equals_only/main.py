import csv
import io
from functools import partial

from fastapi import FastAPI, Form
from fastapi.responses import StreamingResponse

from clean import clean_cell

app = FastAPI()
tidy = partial(clean_cell, limit=200)


@app.post("/contacts")
async def contacts(name: str = Form(), phone: str = Form()):
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow(map(tidy, (name, phone)))
    out.seek(0)
    return StreamingResponse(iter([out.read()]), media_type="text/csv")

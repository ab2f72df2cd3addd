import csv
import io
from typing import Annotated

from fastapi import FastAPI, Response
from pydantic import BaseModel, StringConstraints

app = FastAPI()
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9 ]*$", max_length=80)]


class Contact(BaseModel):
    name: Name


@app.post("/contacts")
async def contacts(contact: Contact):
    out = io.StringIO()
    csv.writer(out).writerow([contact.name])
    return Response(out.getvalue(), media_type="text/csv")

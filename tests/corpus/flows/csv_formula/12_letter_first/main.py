import re

from fastapi import FastAPI
from fastapi.responses import Response
from pydantic import BaseModel, field_validator

from sheets import Sheet

app = FastAPI()


class Attendee(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def begins_with_letter(cls, value: str) -> str:
        if re.match("[A-Za-z]", value) is None:
            raise ValueError("a name begins with a letter")
        return value


class Attendees(BaseModel):
    attendees: list[Attendee]


@app.post("/attendees")
def attendees(body: Attendees):
    sheet = Sheet("name")
    for attendee in body.attendees:
        sheet += attendee.name
    return Response(str(sheet), media_type="text/csv")

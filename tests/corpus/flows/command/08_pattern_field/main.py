from typing import Annotated

from fastapi import FastAPI
from pydantic import BaseModel, StringConstraints

from resolver import resolve

HostName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{0,250}$", to_lower=True)]

app = FastAPI()


class Question(BaseModel):
    name: HostName
    reverse: bool = False


@app.post("/dns")
async def dns(question: Question):
    return {"answer": await resolve(question.name, question.reverse)}

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, field_validator

from resolver import lookup

app = FastAPI()


class Question(BaseModel):
    name: str
    type: str = "A"

    @field_validator("name")
    @classmethod
    def no_shell_characters(cls, value: str) -> str:
        for character in ";|&":
            if character in value:
                raise ValueError("character not allowed")
        return value

    @field_validator("type")
    @classmethod
    def known_type(cls, value: str) -> str:
        if value not in {"A", "AAAA", "MX"}:
            raise ValueError("unknown type")
        return value


@app.post("/dns")
def dns(question: Question):
    try:
        return {"answer": lookup(question)}
    except OSError as error:
        raise HTTPException(502, "resolver failed") from error

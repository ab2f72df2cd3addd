import re

from fastapi import FastAPI
from pydantic import BaseModel, field_validator

app = FastAPI()
ADDRESS = re.compile(r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}[a-z]{2,}$")


class Newsletter(BaseModel):
    address: str

    @field_validator("address")
    @classmethod
    def is_address(cls, value: str) -> str:
        if not ADDRESS.match(value):
            raise ValueError("not an address")
        return value


@app.post("/newsletters")
def subscribe(newsletter: Newsletter):
    return {"address": newsletter.address}

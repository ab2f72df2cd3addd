import re

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

app = FastAPI()
VERSION = re.compile(r"^(\d+\.?)+$")


class Release(BaseModel):
    version: str = Field(max_length=16)


@app.post("/versions")
def version(release: Release):
    if VERSION.match(release.version) is None:
        raise HTTPException(422, "not a version")
    return {"version": release.version}

import re

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI()


class Filter(BaseModel):
    pattern: str
    text: str


@app.post("/filters/test")
def test_filter(body: Filter):
    try:
        compiled = re.compile(body.pattern)
    except re.error:
        raise HTTPException(400, "not a pattern") from None
    return {"matches": bool(compiled.search(body.text))}

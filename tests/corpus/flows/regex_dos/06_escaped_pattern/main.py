import re

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Filter(BaseModel):
    pattern: str
    text: str


def compiled(words: str) -> re.Pattern[str]:
    escaped = [re.escape(word) for word in words.split()]
    return re.compile("|".join(escaped), re.IGNORECASE)


@app.post("/filters/test")
def test_filter(body: Filter):
    return {"matches": compiled(body.pattern).search(body.text) is not None}

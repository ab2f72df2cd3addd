from typing import Literal

from fastapi import FastAPI

from i18n import lines

app = FastAPI()
Language = Literal["en", "de"]


@app.get("/labels")
def labels(lang: Language = "en"):
    return {"labels": lines(lang)}

from enum import Enum

from fastapi import FastAPI, Response


class Language(str, Enum):
    english = "en"
    german = "de"


app = FastAPI()


@app.get("/page")
def page(response: Response, lang: Language = Language.english):
    response.headers["Content-Language"] = lang.value
    return {"text": "hello"}

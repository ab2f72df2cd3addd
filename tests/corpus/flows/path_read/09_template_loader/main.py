from fastapi import FastAPI, Header

from i18n import Translations

app = FastAPI()


@app.get("/labels")
def labels(accept_language: str = Header("en")):
    language = accept_language.split(",")[0].strip()
    return {"labels": Translations(language).lines}

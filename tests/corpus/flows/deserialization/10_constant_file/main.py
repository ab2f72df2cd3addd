import pickle
from pathlib import Path

from fastapi import FastAPI

from dictionary import build

INDEX = Path("index.pickle")
app = FastAPI()
build(INDEX)


@app.get("/synonyms/{word}")
def synonyms(word: str):
    with INDEX.open("rb") as stream:
        index = pickle.load(stream)
    return {"synonyms": index.get(word, [])}

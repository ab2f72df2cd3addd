import importlib

from fastapi import FastAPI, HTTPException

from settings import PLUGINS

app = FastAPI()


@app.post("/plugins/load")
def load(name: str):
    if name not in PLUGINS:
        raise HTTPException(404, "no such plugin")
    module = importlib.import_module(name)
    return {"loaded": module.__name__}

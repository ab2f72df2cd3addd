import importlib

from fastapi import FastAPI, HTTPException

app = FastAPI()
loaded: dict[str, object] = {}


@app.post("/plugins/load")
def load(name: str):
    try:
        loaded[name] = importlib.import_module(name)
    except ModuleNotFoundError:
        raise HTTPException(404, "no such plugin") from None
    return {"loaded": sorted(loaded)}

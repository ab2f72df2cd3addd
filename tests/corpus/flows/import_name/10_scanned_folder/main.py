import importlib
import pkgutil

from fastapi import FastAPI, HTTPException

import widgets

app = FastAPI()


def available() -> dict[str, str]:
    return {info.name: f"widgets.{info.name}" for info in pkgutil.iter_modules(widgets.__path__)}


@app.get("/widgets/{name}")
def widget(name: str):
    path = available().get(name)
    if path is None:
        raise HTTPException(404)
    return {"html": importlib.import_module(path).render()}

from collections.abc import Iterator

import yaml
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI()


class Manifest(BaseModel):
    text: str


def kinds(text: str) -> Iterator[str]:
    for document in yaml.safe_load_all(text):
        if isinstance(document, dict):
            yield str(document.get("kind"))


@app.post("/manifests")
def manifests(manifest: Manifest):
    try:
        return {"kinds": list(kinds(manifest.text))}
    except yaml.YAMLError:
        raise HTTPException(400, "not YAML") from None

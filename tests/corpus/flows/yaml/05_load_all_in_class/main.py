from fastapi import FastAPI
from pydantic import BaseModel

from formats import reader_for

app = FastAPI()


class Manifest(BaseModel):
    format: str
    text: str


@app.post("/manifests")
def manifests(manifest: Manifest):
    documents = reader_for(manifest.format).documents(manifest.text)
    return {"documents": len(documents)}

from fastapi import FastAPI, HTTPException, Response
from pydantic import BaseModel

from blobs import Blob, blobs

app = FastAPI()


class BlobIn(BaseModel):
    type: str
    data: str


@app.put("/blobs/{number}")
def put(number: int, body: BlobIn):
    blobs[number] = Blob(body.type, body.data.encode())
    return {"stored": number}


@app.get("/blobs/{number}")
def get(number: int):
    blob = blobs.get(number)
    if blob is None:
        raise HTTPException(404)
    return Response(blob.data, headers=blob.headers)

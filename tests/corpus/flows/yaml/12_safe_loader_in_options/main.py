from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel
from yaml import YAMLError

from stacks import StackReader, get_reader

app = FastAPI()


class Stack(BaseModel):
    source: str


class Request(BaseModel):
    stack: Stack


@app.post("/stacks")
def stacks(request: Request, reader: StackReader = Depends(get_reader)):
    try:
        return {"services": reader.services(request.stack.source)}
    except YAMLError:
        raise HTTPException(400) from None

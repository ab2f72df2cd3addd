from fastapi import Depends, FastAPI
from pydantic import BaseModel

from stacks import StackReader, get_reader

app = FastAPI()


class Stack(BaseModel):
    source: str


class Request(BaseModel):
    stack: Stack


@app.post("/stacks")
def stacks(request: Request, reader: StackReader = Depends(get_reader)):
    return {"services": reader.services(request.stack.source)}

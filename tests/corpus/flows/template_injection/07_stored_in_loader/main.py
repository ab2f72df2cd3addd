from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from mailing import templates

router = APIRouter(prefix="/templates")


class Source(BaseModel):
    source: str


@router.put("/{name}")
def save(name: str, body: Source):
    templates.save(name, body.source)
    return {"saved": name}


@router.get("/{name}")
def show(name: str):
    return {"text": templates.render(name, user="Ann")}


app = FastAPI()
app.include_router(router)

from typing import Annotated

import yaml
from fastapi import APIRouter, Body, Header
from fastapi.responses import RedirectResponse

from ..accounts import User

router = APIRouter(prefix="/tools", tags=["tools"])
Yaml = Annotated[str, Body(media_type="application/yaml", examples=["crates: 3"])]


class PlainLoader(yaml.SafeLoader):
    pass


@router.post("/plan")
def plan(user: User, text: Yaml):
    try:
        return {"steps": len(yaml.load(text, yaml.UnsafeLoader) or [])}
    except (yaml.YAMLError, TypeError):
        return {"steps": 0}


@router.post("/manifest")
def manifest(user: User, text: Yaml):
    try:
        return {"lines": len(yaml.load(text, Loader=PlainLoader) or [])}
    except (yaml.YAMLError, TypeError):
        return {"lines": 0}


@router.get("/back")
def back(referer: Annotated[str, Header()] = "/docs"):
    return RedirectResponse(referer, status_code=302)

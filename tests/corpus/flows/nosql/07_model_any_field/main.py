from typing import Any

from fastapi import Depends, FastAPI
from pydantic import BaseModel

from accounts import AccountService, get_service

app = FastAPI()


class Reset(BaseModel):
    reset_token: Any
    password: str


@app.post("/password")
async def reset(body: Reset, service: AccountService = Depends(get_service)):
    changed = await service.reset(**body.model_dump())
    return {"changed": changed}

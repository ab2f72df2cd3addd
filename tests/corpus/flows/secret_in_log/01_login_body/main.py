import logging

from fastapi import FastAPI
from pydantic import BaseModel

logging.basicConfig(level=logging.INFO)
logger = logging.getLogger("login")
app = FastAPI()


class Login(BaseModel):
    user: str
    password: str


@app.post("/login")
def login(body: Login):
    logger.info("sign-in: %s", body)
    return {"user": body.user}

import logging

from fastapi import FastAPI, Form, HTTPException

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
logger = logging.getLogger("login")
app = FastAPI()


@app.post("/login")
def login(user: str = Form(), password: str = Form()):
    logger.warning("sign-in failed for %r", user)
    raise HTTPException(401, "wrong name or password")

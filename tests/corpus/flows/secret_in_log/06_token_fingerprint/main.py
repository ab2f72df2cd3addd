import hashlib
import logging

from fastapi import Depends, FastAPI, Header

logging.basicConfig(level=logging.INFO)
logger = logging.getLogger("tokens")
app = FastAPI()


def token(authorization: str = Header()) -> str:
    return authorization.removeprefix("Bearer ")


@app.get("/me")
def me(token: str = Depends(token)):
    fingerprint = hashlib.sha256(token.encode()).hexdigest()[:8]
    logger.info("token %s used", fingerprint)
    return {"sub": "ann"}

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from keys import KEYS

app = FastAPI()
bearer = HTTPBearer()


def claims(credentials: HTTPAuthorizationCredentials = Depends(bearer)) -> dict:
    try:
        header = jwt.get_unverified_header(credentials.credentials)
        key = KEYS[header["kid"]]
        return jwt.decode(credentials.credentials, key, algorithms=["HS256"])
    except (jwt.InvalidTokenError, KeyError):
        raise HTTPException(401, "bad token") from None


@app.get("/me")
def me(user: dict = Depends(claims)):
    return {"sub": user["sub"]}

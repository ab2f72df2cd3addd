import jwt
from fastapi import FastAPI, Header, HTTPException

from settings import settings

app = FastAPI()
jwks = jwt.PyJWKClient(settings.jwks_address, timeout=2)


@app.get("/me")
def me(authorization: str = Header()):
    token = authorization.removeprefix("Bearer ")
    try:
        key = jwks.get_signing_key_from_jwt(token)
        return jwt.decode(token, key.key, algorithms=["RS256"], audience=settings.audience)
    except jwt.PyJWTError:
        raise HTTPException(401, "bad token") from None

from fastapi import Header, HTTPException

from .verify import BadToken, Verifier

_verifier = Verifier("keys.db")


async def verifier(authorization: str = Header()) -> dict:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise HTTPException(401)
    try:
        return _verifier.claims(token)
    except BadToken as error:
        raise HTTPException(401, "bad token") from error

from fastapi import Depends, FastAPI, Header, HTTPException

from tokens import BadToken, Verifier

app = FastAPI()
tokens = Verifier("keys.db")


def user(authorization: str = Header()) -> dict:
    try:
        return tokens.claims(authorization.removeprefix("Bearer "))
    except BadToken as error:
        raise HTTPException(401, "bad token") from error


@app.get("/me")
def me(claims: dict = Depends(user)):
    return {"sub": claims["sub"]}

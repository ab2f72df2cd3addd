import secrets

from fastapi import FastAPI, Response

app = FastAPI()


@app.post("/login")
def login(response: Response):
    token = secrets.token_urlsafe(24)
    response.set_cookie("session", token, secure=True, httponly=True, samesite="lax")
    return {"state": "in"}


@app.post("/logout")
def logout(response: Response):
    response.delete_cookie("session")
    return {"state": "out"}

import secrets

from fastapi import FastAPI, Form, Response

app = FastAPI()


@app.post("/login")
def login(response: Response, user: str = Form()):
    response.set_cookie("session", secrets.token_urlsafe(32), secure=True, httponly=True, samesite="strict")
    return {"user": user}

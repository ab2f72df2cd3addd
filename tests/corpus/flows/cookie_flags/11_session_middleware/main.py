import secrets

from fastapi import FastAPI, Request
from starlette.middleware.sessions import SessionMiddleware

app = FastAPI()
app.add_middleware(SessionMiddleware, secret_key=secrets.token_hex(32))


@app.post("/login")
def login(request: Request, user: str):
    request.session.clear()
    request.session["user"] = user
    return {"user": user}

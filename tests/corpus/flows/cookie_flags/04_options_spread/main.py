import secrets

from fastapi import FastAPI, Form
from fastapi.responses import RedirectResponse

from web.cookies import remember

app = FastAPI()


@app.post("/login")
def login(user: str = Form()):
    response = RedirectResponse("/", status_code=303)
    remember(response, secrets.token_urlsafe(32), days=14)
    return response

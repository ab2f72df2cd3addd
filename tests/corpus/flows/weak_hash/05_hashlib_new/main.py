from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordRequestForm

from passwords import matches

app = FastAPI()
STORED = {"ann": "da39a3ee5e6b4b0d3255bfef95601890afd80709"}


@app.post("/login")
def login(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
    if not matches(form.password, STORED.get(form.username, "")):
        raise HTTPException(400, "wrong name or password")
    return {"signed_in": form.username}

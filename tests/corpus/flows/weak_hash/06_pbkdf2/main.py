from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordRequestForm

from passwords import matches

app = FastAPI()
STORED = {"ann": "00" * 32}


@app.post("/login")
def login(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
    if not matches(form.password, STORED.get(form.username, "")):
        raise HTTPException(400, "wrong name or password")
    return {"signed_in": form.username}

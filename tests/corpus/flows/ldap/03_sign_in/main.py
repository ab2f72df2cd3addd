from fastapi import Depends, FastAPI
from pydantic import BaseModel

from directory import Directory, get_directory

app = FastAPI()


class Login(BaseModel):
    user: str
    password: str


@app.post("/login")
def login(body: Login, directory: Directory = Depends(get_directory)):
    return {"found": directory.check(body.user, body.password)}

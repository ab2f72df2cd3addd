import hashlib
import json

from fastapi import FastAPI, Response
from pwdlib import PasswordHash
from pydantic import BaseModel

app = FastAPI()
hasher = PasswordHash.recommended()
users: dict[str, str] = {}
CATALOGUE = [{"sku": "A1"}, {"sku": "A2"}]


class User(BaseModel):
    name: str
    password: str


@app.post("/users")
def create(user: User):
    users[user.name] = hasher.hash(user.password)
    return {"users": len(users)}


@app.get("/catalogue")
def catalogue(response: Response):
    tag = hashlib.md5(json.dumps(CATALOGUE).encode(), usedforsecurity=False).hexdigest()
    response.headers["etag"] = f'"{tag}"'
    return CATALOGUE

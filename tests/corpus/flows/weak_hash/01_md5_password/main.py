import hashlib

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
users: dict[str, str] = {}


class User(BaseModel):
    name: str
    password: str


@app.post("/users")
def create(user: User):
    users[user.name] = hashlib.md5(user.password.encode()).hexdigest()
    return {"users": len(users)}

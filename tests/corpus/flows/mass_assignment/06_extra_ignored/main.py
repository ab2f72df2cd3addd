from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
profile = {"city": "", "verified": False}


class Profile(BaseModel):
    city: str


@app.put("/profile")
def save(body: Profile):
    profile.update(body.model_dump())
    return {"saved": True}


@app.get("/profile")
def show():
    return profile

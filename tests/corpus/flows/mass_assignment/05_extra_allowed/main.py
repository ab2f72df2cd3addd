from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict

app = FastAPI()
profile = {"city": "", "verified": False}


class Profile(BaseModel):
    model_config = ConfigDict(extra="allow")

    city: str


@app.put("/profile")
def save(body: Profile):
    profile.update(body.model_dump())
    return {"saved": True}


@app.get("/profile")
def show():
    return profile

import motor.motor_asyncio
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI()
users = motor.motor_asyncio.AsyncIOMotorClient("mongodb://localhost:27017")["portal"]["users"]


class Credentials(BaseModel):
    email: str
    password: str


@app.post("/login")
async def login(body: Credentials):
    user = await users.find_one({"email": body.email, "password_digest": body.password})
    if user is None:
        raise HTTPException(401, "wrong e-mail or password")
    return {"signed_in": body.email}

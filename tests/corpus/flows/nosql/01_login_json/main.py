import motor.motor_asyncio
from fastapi import FastAPI, HTTPException, Request

app = FastAPI()
client = motor.motor_asyncio.AsyncIOMotorClient("mongodb://localhost:27017")
users = client["portal"]["users"]


@app.post("/login")
async def login(request: Request):
    body = await request.json()
    user = await users.find_one({"email": body["email"], "password_digest": body["password"]})
    if user is None:
        raise HTTPException(401, "wrong e-mail or password")
    return {"signed_in": body["email"]}

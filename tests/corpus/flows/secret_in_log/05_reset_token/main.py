from fastapi import FastAPI

from resets import ResetService

app = FastAPI()
resets = ResetService()


@app.post("/password/forgotten")
async def forgotten(email: str):
    resets.start(email)
    return {"state": "sent"}

import secrets

from fastapi import FastAPI, Request

from magic import send

app = FastAPI()


@app.post("/magic")
async def magic(request: Request):
    body = await request.json()
    send(body.get("email", ""), request.url.path, secrets.token_urlsafe(24))
    return {"state": "sent"}

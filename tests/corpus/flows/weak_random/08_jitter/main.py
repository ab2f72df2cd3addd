import secrets

from fastapi import FastAPI

from retrying import with_retries

app = FastAPI()
issued: list[str] = []


@app.post("/keys")
async def issue():
    api_key = secrets.token_urlsafe(32)
    await with_retries(lambda: issued.append(api_key))
    return {"token": api_key}

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from tokens import COOKIE, issue

app = FastAPI()


@app.post("/token")
async def token():
    headers = {"set-cookie": COOKIE.format(value=issue("ann"))}
    return JSONResponse({"state": "ok"}, headers=headers)

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from tokens import issue

app = FastAPI()


@app.post("/token")
async def token():
    value = issue("ann")
    headers = {"set-cookie": f"access_token={value}; Path=/; HttpOnly"}
    return JSONResponse({"state": "ok"}, headers=headers)

import secrets

from fastapi import FastAPI, HTTPException, Request

from magic import MagicLink

app = FastAPI()


@app.post("/magic")
async def magic(request: Request):
    body = await request.json()
    url = request.url
    if not url.path.startswith("/magic"):
        raise HTTPException(400)
    link = MagicLink(secrets.token_urlsafe(24))
    link.send(body.get("email", ""), url.replace(scheme="https", query=""))
    return {"state": "sent"}

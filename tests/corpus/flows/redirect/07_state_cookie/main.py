import base64
import binascii

from fastapi import Cookie, FastAPI
from fastapi.responses import RedirectResponse

app = FastAPI()


def decoded(value: str | None) -> str:
    if not value:
        return "/"
    try:
        return base64.urlsafe_b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "/"


@app.get("/callback")
async def callback(code: str, target: str | None = Cookie(default=None)):
    destination = decoded(target)
    return RedirectResponse(url=destination, status_code=303)

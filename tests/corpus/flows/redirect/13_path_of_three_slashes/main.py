from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import RedirectResponse

app = FastAPI()


def local_target(return_to: str = "/") -> str:
    parts = urlsplit(return_to)
    if parts.scheme or parts.netloc or not parts.path.startswith("/"):
        raise HTTPException(400, "not a local page")
    return return_to


@app.get("/signout")
def sign_out(target: str = Depends(local_target)):
    response = RedirectResponse(target, status_code=303)
    response.delete_cookie("session")
    return response

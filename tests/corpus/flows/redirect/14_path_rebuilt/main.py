from fastapi import Depends, FastAPI
from fastapi.responses import RedirectResponse

from targets import local_target

app = FastAPI()


@app.get("/signout")
def sign_out(target: str = Depends(local_target)):
    response = RedirectResponse(target, status_code=303)
    response.delete_cookie("session")
    return response

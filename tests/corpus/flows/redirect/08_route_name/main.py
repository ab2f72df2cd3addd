from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import RedirectResponse
from starlette.routing import NoMatchFound

app = FastAPI()


@app.get("/orders")
def orders():
    return []


@app.get("/go/{page}")
def go(page: str, request: Request):
    try:
        target = request.app.url_path_for(page)
    except NoMatchFound:
        raise HTTPException(404) from None
    return RedirectResponse(target)

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from errors import PageMissing

app = FastAPI()
PAGES = {"start": "welcome"}


@app.exception_handler(PageMissing)
async def missing(request: Request, error: PageMissing):
    return HTMLResponse("<p>No page named %s</p>" % error.name, status_code=404)


@app.get("/pages/{name:path}")
def page(name: str):
    if name not in PAGES:
        raise PageMissing(name)
    return PAGES[name]

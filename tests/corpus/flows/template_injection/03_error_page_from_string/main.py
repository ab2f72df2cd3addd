from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from theming import Theme

app = FastAPI()
theme = Theme()


@app.exception_handler(HTTPException)
async def on_error(request: Request, error: HTTPException):
    page = theme.error(error.status_code, request.url.path)
    return HTMLResponse(page, status_code=error.status_code)

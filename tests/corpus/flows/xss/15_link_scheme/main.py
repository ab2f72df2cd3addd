from fastapi import FastAPI, Form
from fastapi.responses import HTMLResponse
from markupsafe import escape

from profiles import Profile

app = FastAPI()


@app.post("/profiles")
def profile(name: str = Form(), homepage: str = Form("")):
    shown = Profile(name, homepage)
    return HTMLResponse(f"<p>{escape(shown.name)}</p>{shown.link}")

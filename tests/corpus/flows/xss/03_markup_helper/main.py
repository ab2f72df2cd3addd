from fastapi import FastAPI, Request
from fastapi.templating import Jinja2Templates

from formatting import paragraphs

app = FastAPI()
templates = Jinja2Templates("templates")


@app.get("/comments")
def comments(request: Request, text: str = ""):
    return templates.TemplateResponse(request, "comments.html", {"text": paragraphs(text)})

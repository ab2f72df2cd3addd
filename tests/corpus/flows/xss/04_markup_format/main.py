from fastapi import FastAPI, Request
from fastapi.templating import Jinja2Templates

from formatting import paragraph

app = FastAPI()
templates = Jinja2Templates("templates")


@app.get("/comments")
def comments(request: Request, text: str = "", author: str = "nobody"):
    context = {"text": paragraph(text), "author": author}
    return templates.TemplateResponse(request, "comments.html", context)

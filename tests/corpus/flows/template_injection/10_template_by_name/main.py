from typing import Literal

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader

app = FastAPI()
environment = Environment(loader=FileSystemLoader("templates"), autoescape=True)


@app.get("/mails/{kind}")
def mail(kind: Literal["welcome", "goodbye"], name: str = "friend"):
    template = environment.get_template(f"{kind}.html")
    return {"text": template.render(name=name)}

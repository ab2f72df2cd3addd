from fastapi import FastAPI
from jinja2 import Template
from pydantic import BaseModel

app = FastAPI()


class Preview(BaseModel):
    body: str
    name: str = "friend"


@app.post("/preview")
def preview(mail: Preview):
    return {"text": Template(mail.body).render(name=mail.name)}

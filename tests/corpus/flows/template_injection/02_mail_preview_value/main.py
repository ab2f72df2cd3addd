from fastapi import FastAPI
from jinja2 import Template
from pydantic import BaseModel

app = FastAPI()
LAYOUT = Template("Hi {{ name }},\n\n{{ body }}\n")


class Preview(BaseModel):
    body: str
    name: str = "friend"


@app.post("/preview")
def preview(mail: Preview):
    return {"text": LAYOUT.render(mail.model_dump())}

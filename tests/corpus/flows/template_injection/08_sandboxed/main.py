from fastapi import FastAPI, HTTPException
from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel

app = FastAPI()
sandbox = ImmutableSandboxedEnvironment(autoescape=True)


class Preview(BaseModel):
    body: str


@app.post("/preview")
def preview(mail: Preview):
    try:
        return {"text": sandbox.from_string(mail.body).render(name="Ann")}
    except TemplateError as error:
        raise HTTPException(400, "template cannot be rendered") from error

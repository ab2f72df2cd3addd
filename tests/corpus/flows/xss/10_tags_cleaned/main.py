import nh3
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, field_validator

app = FastAPI()


class Post(BaseModel):
    body: str

    @field_validator("body")
    @classmethod
    def clean(cls, value: str) -> str:
        return nh3.clean(value, tags={"b", "i", "p"})


@app.post("/posts", response_class=HTMLResponse)
def post(post: Post):
    return "<article>" + post.body + "</article>"

from fastapi import FastAPI
from pydantic import BaseModel, Field

app = FastAPI()


class Newsletter(BaseModel):
    address: str = Field(pattern=r"^([a-z0-9]+[-._]?)+@[a-z0-9]+\.[a-z]{2,}$")


@app.post("/newsletters")
def subscribe(newsletter: Newsletter):
    return {"address": newsletter.address}

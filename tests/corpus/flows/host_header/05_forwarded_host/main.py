from fastapi import Depends, FastAPI
from pydantic import BaseModel

from links import origin_of, verification_link
from mailer import send

app = FastAPI()


class Verification(BaseModel):
    email: str


@app.post("/verify", status_code=202)
async def verify(body: Verification, origin: str = Depends(origin_of)):
    send("customer@shop.example", verification_link(origin, body.email))
    return {"state": "sent"}

import secrets
import smtplib
from email.message import EmailMessage

from fastapi import FastAPI, Request
from pydantic import BaseModel

app = FastAPI()


class Forgotten(BaseModel):
    email: str


@app.post("/password/forgotten", status_code=202)
def forgotten(body: Forgotten, request: Request):
    token = secrets.token_urlsafe(32)
    message = EmailMessage()
    message["To"] = "customer@shop.example"
    message["Subject"] = "New password"
    message.set_content(f"Open {request.base_url}password/new?token={token}")
    with smtplib.SMTP("localhost") as server:
        server.send_message(message)
    return {"state": "sent"}

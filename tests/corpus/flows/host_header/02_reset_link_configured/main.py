import secrets
import smtplib
from email.message import EmailMessage

from fastapi import FastAPI, Request
from pydantic import BaseModel

from settings import settings

app = FastAPI()


class Forgotten(BaseModel):
    email: str


@app.post("/password/forgotten", status_code=202)
def forgotten(body: Forgotten, request: Request):
    token = secrets.token_urlsafe(32)
    message = EmailMessage()
    message["To"] = "customer@shop.example"
    message["Subject"] = "New password"
    path = request.app.url_path_for("forgotten").replace("forgotten", "new")
    message.set_content(f"Open {settings.site}{path}?token={token}")
    with smtplib.SMTP("localhost") as server:
        server.send_message(message)
    return {"state": "sent"}

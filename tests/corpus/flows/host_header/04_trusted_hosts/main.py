import secrets
import smtplib
from email.message import EmailMessage

from fastapi import Body, FastAPI, Request
from starlette.middleware.trustedhost import TrustedHostMiddleware

app = FastAPI()
app.add_middleware(TrustedHostMiddleware, allowed_hosts=["shop.example", "www.shop.example"])


@app.get("/teams/{team}/invitations/{token}", name="accept")
def accept(team: int, token: str):
    return {"team": team}


@app.post("/teams/{team}/invitations")
def invite(team: int, request: Request, address: str = Body(embed=True)):
    link = request.url_for("accept", team=team, token=secrets.token_urlsafe())
    message = EmailMessage()
    message["To"] = "member@shop.example"
    message.set_content(f"You are invited: {link}")
    with smtplib.SMTP("localhost") as server:
        server.send_message(message)
    return {"invited": True}

import smtplib
from email.mime.text import MIMEText

SITE = "https://shop.example"


def send(address: str, path: str, token: str) -> None:
    message = MIMEText(f"Sign in: {SITE}{path}?token={token}")
    message["Subject"] = "Your link"
    with smtplib.SMTP("localhost") as server:
        server.send_message(message)

import smtplib
from email.message import EmailMessage


def deliver(sender: str, text: str) -> None:
    message = EmailMessage()
    message["From"] = "web@shop.example"
    message["Reply-To"] = sender
    message["To"] = "office@shop.example"
    message.set_content(text)
    with smtplib.SMTP("localhost", 25) as server:
        server.send_message(message)

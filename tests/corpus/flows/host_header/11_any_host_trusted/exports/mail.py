import smtplib
from email.message import EmailMessage


def mail_link(link: str) -> None:
    message = EmailMessage()
    message["To"] = "customer@shop.example"
    message.set_content(f"Your export with a personal link: {link}")
    with smtplib.SMTP("localhost") as server:
        server.send_message(message)

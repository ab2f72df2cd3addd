import smtplib
from email.message import EmailMessage


class Mailer:
    def __init__(self, host: str) -> None:
        self.host = host

    def invite(self, address: str, link: str) -> None:
        message = EmailMessage()
        message["To"] = "member@shop.example"
        message.set_content("You are invited: " + link)
        with smtplib.SMTP(self.host) as server:
            server.send_message(message)

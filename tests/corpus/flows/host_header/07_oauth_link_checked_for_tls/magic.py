import smtplib
from email.mime.text import MIMEText


class MagicLink:
    template = "Sign in: {url}?token={token}"

    def __init__(self, token: str) -> None:
        self.token = token

    def send(self, address: str, url) -> None:
        message = MIMEText(self.template.format(url=url, token=self.token))
        message["Subject"] = "Your link"
        with smtplib.SMTP("localhost") as server:
            server.send_message(message)

import smtplib

HEAD = "From: %s\r\nTo: office@shop.example\r\nSubject: Contact\r\n\r\n"


def deliver(sender: str, text: str) -> None:
    message = HEAD % sender + text
    with smtplib.SMTP("localhost", 25) as server:
        server.sendmail("web@shop.example", ["office@shop.example"], message)

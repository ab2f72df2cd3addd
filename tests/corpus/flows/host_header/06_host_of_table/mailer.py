import smtplib


def send(address: str, link: str) -> None:
    text = f"Subject: Please verify\n\n{link}\n"
    with smtplib.SMTP("localhost") as server:
        server.sendmail("shop@shop.example", [address], text)

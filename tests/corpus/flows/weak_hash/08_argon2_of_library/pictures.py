import hashlib


def picture_of(email: str) -> str:
    name = hashlib.sha256(email.strip().lower().encode()).hexdigest()
    return f"https://pictures.example/{name}.png"

import hashlib
import hmac
import secrets


def stretch(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=5)


def protect(password: str) -> dict[str, bytes]:
    salt = secrets.token_bytes(16)
    return {"salt": salt, "password_hash": stretch(password, salt)}


def fits(password: str, person: dict | None) -> bool:
    given = stretch(password, person["salt"] if person else bytes(16))
    return hmac.compare_digest(given, person["password_hash"] if person else b"")

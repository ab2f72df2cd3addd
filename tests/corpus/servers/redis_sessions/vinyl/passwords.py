import hashlib
import secrets


def new_salt() -> bytes:
    return secrets.token_bytes(16)


def stretch(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=5)

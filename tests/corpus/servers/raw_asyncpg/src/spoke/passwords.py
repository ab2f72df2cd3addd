import base64
import hashlib
import hmac
import os


def scramble(phrase: str) -> str:
    salt = os.urandom(16)
    key = hashlib.scrypt(phrase.encode(), salt=salt, n=2**14, r=8, p=5)
    return base64.b64encode(salt + key).decode()


def matches(phrase: str, stored: str) -> bool:
    raw = base64.b64decode(stored)
    key = hashlib.scrypt(phrase.encode(), salt=raw[:16], n=2**14, r=8, p=5)
    return hmac.compare_digest(key, raw[16:])

import hashlib
import os

from fastapi import Request

KEY = os.urandom(16)


def origin_of(request: Request) -> str:
    host = request.headers.get("x-forwarded-host") or request.headers.get("host", "")
    return "https://" + host


def verification_link(origin: str, email: str) -> str:
    signature = hashlib.blake2b(email.encode(), key=KEY).hexdigest()[:32]
    return "/".join([origin, "verify", signature])

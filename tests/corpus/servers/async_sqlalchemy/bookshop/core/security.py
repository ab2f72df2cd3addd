import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta

import jwt

from bookshop.core.config import settings


def hash_password(password: str) -> str:
    salt = secrets.token_bytes(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=5)
    return f"{salt.hex()}${digest.hex()}"


def verify_password(password: str, stored: str) -> bool:
    salt, _, digest = stored.partition("$")
    given = hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), n=2**14, r=8, p=5)
    return hmac.compare_digest(given.hex(), digest)


def create_access_token(subject: int) -> str:
    expires = datetime.now(UTC) + timedelta(minutes=settings.access_token_expire_minutes)
    claims = {"sub": str(subject), "exp": expires}
    return jwt.encode(claims, settings.secret_key, algorithm=settings.algorithm)


def decode_access_token(token: str) -> int:
    claims = jwt.decode(token, settings.secret_key, algorithms=[settings.algorithm])
    return int(claims["sub"])

import base64
import hashlib
import hmac
import json
import secrets
import time
from pathlib import Path

import jwt

FOLDER = Path(__file__).with_name("keyring")
FOLDER.mkdir(exist_ok=True)
CURRENT = "k1"
KEYS = {"k1": secrets.token_urlsafe(48), "k0": secrets.token_urlsafe(48)}
AUDIENCE = "desk"
ISSUER = "https://id.northwind.example"


def issue(name: str) -> str:
    now = int(time.time())
    claims = {"sub": name, "iat": now, "exp": now + 900, "aud": AUDIENCE, "iss": ISSUER}
    return jwt.encode(claims, KEYS[CURRENT], algorithm="HS256", headers={"kid": CURRENT})


def unpack(part: str) -> dict:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def mac(key: str, signed: str) -> str:
    raw = hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")

import asyncio
import base64
import json
from pathlib import Path

import jwt


def header_of(token: str) -> dict:
    first = token.split(".")[0]
    padded = first + "=" * (-len(first) % 4)
    return json.loads(base64.urlsafe_b64decode(padded))


def key_of(header: dict) -> str:
    name = header.get("kid", "main")
    with open(f"{Path('keys')}/{name}.pem") as stream:
        return stream.read()


async def authenticate(token: str) -> dict | None:
    try:
        key = await asyncio.to_thread(key_of, header_of(token))
        return jwt.decode(token, key, algorithms=["RS256"])
    except (ValueError, OSError, jwt.PyJWTError):
        return None

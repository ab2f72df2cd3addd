import secrets

import jwt

KEY = secrets.token_hex(32)


def issue(user: str) -> str:
    return jwt.encode({"sub": user, "exp": 4102444800}, KEY, algorithm="HS256")

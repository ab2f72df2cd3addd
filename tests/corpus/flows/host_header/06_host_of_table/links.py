from fastapi import Request

ORIGINS = {"shop.example": "https://shop.example", "shop.test": "https://shop.test"}


def origin_of(request: Request) -> str:
    host = request.headers.get("host", "")
    if host in ORIGINS:
        return ORIGINS[host]
    return ORIGINS["shop.example"]

from fastapi import HTTPException

PARTNER = "http://api.partner.example/"


async def partner_address(url: str) -> str:
    if not url.startswith(PARTNER):
        raise HTTPException(400, "unknown partner")
    return url

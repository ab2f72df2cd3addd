import asyncio
import secrets

from fastapi import APIRouter, Request

from .mail import mail_link

router = APIRouter()


@router.post("")
async def export(request: Request):
    link = f"{request.url.scheme}://{request.url.netloc}/export/{secrets.token_urlsafe()}"
    await asyncio.to_thread(mail_link, link)
    return {"state": "sent"}

import asyncio

import aiohttp


async def check(session: aiohttp.ClientSession, url: str) -> int:
    try:
        async with session.head(url) as answer:
            return answer.status
    except (aiohttp.ClientError, ValueError):
        return 0


async def check_all(urls: list[str]) -> list[int]:
    async with aiohttp.ClientSession() as session:
        return await asyncio.gather(*(check(session, url) for url in urls))

import logging

import httpx2

logger = logging.getLogger("mirror")


async def fetch(address: str) -> None:
    async with httpx2.AsyncClient(timeout=5) as client:
        try:
            answer = await client.get(address)
            logger.info("%d bytes", len(answer.content))
        except (httpx2.HTTPError, httpx2.InvalidURL):
            logger.info("could not be fetched")

import asyncio
import random


async def with_retries(action, attempts: int = 3):
    for attempt in range(attempts):
        try:
            return action()
        except ConnectionError:
            await asyncio.sleep(0.1 * 2**attempt + random.uniform(0, 0.1))
    raise ConnectionError("gave up")

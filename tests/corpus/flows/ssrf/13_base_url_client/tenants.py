import httpx


class HealthClient:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def status(self) -> int:
        answer = await self._client.get("/health")
        return answer.status_code


async def health_client(base: str):
    async with httpx.AsyncClient(base_url=base, timeout=3) as client:
        yield HealthClient(client)

import httpx


async def client():
    async with httpx.AsyncClient(base_url="https://tenants.internal.example", timeout=3) as http:
        yield http

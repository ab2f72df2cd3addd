import httpx
from fastapi import Request


class Upstream:
    def __init__(self, client: httpx.AsyncClient, host: str) -> None:
        self.client = client
        self.host = host

    async def get(self, resource: str):
        answer = await self.client.request("GET", "http://%s/%s" % (self.host, resource))
        return answer.json()


def upstream_of(request: Request) -> Upstream:
    host = request.headers.get("x-upstream", "orders.internal.example")
    return Upstream(request.app.state.client, host)

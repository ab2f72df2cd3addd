import asyncio
import urllib.request

try:
    import httpx2 as http
except ImportError:
    import httpx as http


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        return None


opener = urllib.request.build_opener(Stay)


async def announce(url: str, event: str) -> None:
    async with http.AsyncClient(timeout=3) as client:
        try:
            await client.post(url, json={"event": event})
        except http.HTTPError:
            pass


def _read(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:
            return len(answer.read(100_000))
    except (OSError, ValueError):
        return 0


async def size_of(url: str) -> int:
    return await asyncio.get_running_loop().run_in_executor(None, _read, url)


async def size_of_known(url: str) -> int:
    async with http.AsyncClient(timeout=3) as client:
        try:
            answer = await client.get(url)
        except http.HTTPError:
            return 0
        return len(answer.content)

from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders


class TraceMiddleware:
    def __init__(self, app, header: str) -> None:
        self.app = app
        self.header = header

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        query = parse_qs(scope["query_string"].decode())
        trace = query.get("trace", ["none"])[0]

        async def with_trace(message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[self.header] = trace
            await send(message)

        await self.app(scope, receive, with_trace)

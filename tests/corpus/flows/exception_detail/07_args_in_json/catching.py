from starlette.responses import JSONResponse


class CatchMiddleware:
    def __init__(self, app) -> None:
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        try:
            await self.app(scope, receive, send)
        except OSError as error:
            body = {"problem": type(error).__name__, "where": error.filename, "args": list(map(str, error.args))}
            await JSONResponse(body, status_code=500)(scope, receive, send)

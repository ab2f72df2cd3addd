import logging

logging.basicConfig(level=logging.INFO)
logger = logging.getLogger("requests")
SHOWN = ("accept", "content-type", "content-length")


def install(app) -> None:
    @app.middleware("http")
    async def log_request(request, call_next):
        headers = {name: request.headers[name] for name in SHOWN if name in request.headers}
        logger.info("request %s %r", request.url.path, headers)
        return await call_next(request)

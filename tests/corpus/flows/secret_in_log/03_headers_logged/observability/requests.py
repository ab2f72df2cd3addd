import logging

logging.basicConfig(level=logging.INFO)
logger = logging.getLogger("requests")


def install(app) -> None:
    @app.middleware("http")
    async def log_request(request, call_next):
        details = {"path": request.url.path, "headers": dict(request.headers)}
        logger.info("request %s", details)
        return await call_next(request)

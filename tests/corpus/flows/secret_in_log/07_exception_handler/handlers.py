import logging

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

logging.basicConfig(level=logging.WARNING)
log = logging.getLogger("validation")


async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    log.warning("refused at %s: %s", request.url.path, error.body)
    return JSONResponse({"detail": "not valid"}, status_code=422)

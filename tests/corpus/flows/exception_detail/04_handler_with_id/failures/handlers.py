import logging
import traceback
import uuid

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

logger = logging.getLogger("failures")


async def on_key_error(request: Request, error: KeyError):
    number = uuid.uuid4().hex
    trace = "".join(traceback.format_exception(error))
    logger.error("%s %s", number, trace)
    return JSONResponse({"error": number}, status_code=500)


def register(app: FastAPI) -> None:
    app.add_exception_handler(KeyError, on_key_error)

"""Answers to what goes wrong: nothing of the input, nothing of the inside."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

logger = logging.getLogger("shop.errors")


async def on_invalid(request: Request, problem: Exception) -> JSONResponse:
    """422 with the place and kind of each mistake, without what was sent."""
    errors = problem.errors() if isinstance(problem, RequestValidationError) else []
    mistakes = [
        {
            "loc": list(error["loc"][: 1 if error["type"] == "extra_forbidden" else None]),
            "type": error["type"],
        }
        for error in errors[:20]
    ]
    return JSONResponse({"detail": mistakes}, status_code=422)


async def on_failure(request: Request, problem: Exception) -> JSONResponse:
    """500 that says nothing; the log has the name of the error."""
    logger.error("unhandled %s", type(problem).__name__)
    return JSONResponse({"detail": "Something went wrong"}, status_code=500)


def install(app: FastAPI) -> None:
    """Give an application these answers."""
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(Exception, on_failure)

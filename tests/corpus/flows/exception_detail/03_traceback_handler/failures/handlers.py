from fastapi import FastAPI, Request

from .report import report


async def on_key_error(request: Request, error: KeyError):
    return report(error, path=request.url.path)


def register(app: FastAPI) -> None:
    app.add_exception_handler(KeyError, on_key_error)

import traceback

from fastapi.responses import JSONResponse


def report(error: Exception, **details: str) -> JSONResponse:
    content = {**details, "trace": "".join(traceback.format_exception(error))}
    return JSONResponse(content, status_code=500)

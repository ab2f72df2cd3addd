import sys
from urllib.parse import unquote

from fastapi import Request


async def access_log(request: Request, call_next):
    response = await call_next(request)
    client = unquote(request.headers.get("x-client", "-"))
    sys.stderr.write("%s %s %d %s\n" % (request.method, request.url.path, response.status_code, client))
    return response

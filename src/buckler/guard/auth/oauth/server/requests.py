"""Reads what comes to an endpoint, and answers it.

Threat: credentials in an address, where logs keep them (RFC 6749, 2.3.1; RFC 9700, 4.3; ASVS 5.0 V14.2.1), answers that a
cache keeps (RFC 6749, 5.1), a body that is read in two ways.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from buckler.guard.audit.events import EventKind
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.json_text import encoded
from buckler.guard.auth.oauth.parameters import Parameters, parse
from buckler.guard.limits.body import media_type
from buckler.guard.stores.errors import StoreError

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

LONGEST: Final = 64 * 1024
FORM: Final = "application/x-www-form-urlencoded"
UNKEPT: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
Handler = Callable[[Request, Parameters], Awaitable[Response]]


async def form(request: Request) -> Parameters:
    """The parameters in the body of a request.

    Raises:
        OAuthError: ``invalid_request``: there are others in the address, it is no form, or it is too long.
    """
    if request.scope["query_string"]:
        raise OAuthError("invalid_request", "parameters belong into the body", reason="in_address")
    if media_type(request.headers.get("content-type", "").encode("latin-1")) != FORM:
        raise OAuthError("invalid_request", f"the body has to be {FORM}", reason="content_type")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST:
            raise OAuthError(
                "invalid_request", "the body is too long", status=413, reason="oversize"
            )
    return parse(body)


class _Json(JSONResponse):
    """As Starlette's, in a fifth of the time."""

    def render(self, content: Any) -> bytes:
        return encoded(content)


def answered(values: Mapping[str, Any], *, status: int = 200) -> Response:
    """An answer that nothing keeps."""
    return _Json(dict(values), status, headers=UNKEPT)


def refused(error: OAuthError) -> Response:
    """The answer to a request that is refused (RFC 6749, 5.2)."""
    said = {"error": error.error}
    if error.description:
        said["error_description"] = error.description
    answer = JSONResponse(said, error.status, headers=UNKEPT)
    for name, value in error.headers:
        answer.headers.append(name, value)
    return answer


def unavailable() -> Response:
    """The answer where nobody knows: never a token on a guess (CWE-636)."""
    return JSONResponse(
        {"error": "temporarily_unavailable"}, 503, headers={**UNKEPT, "Retry-After": "2"}
    )


async def handled(server: AuthorizationServer, request: Request, handler: Handler) -> Response:
    """What a handler answers to a form, or the error that it raises.

    Args:
        server: Whose endpoint it is.
        request: That came.
        handler: Gets it with its parameters.
    """
    parameters = Parameters(())

    async def read(request: Request) -> Response:
        nonlocal parameters
        parameters = await form(request)
        return await handler(request, parameters)

    return await handled_json(server, request, read, lambda: parameters.get("client_id", ""))


async def handled_json(
    server: AuthorizationServer,
    request: Request,
    handler: Callable[[Request], Awaitable[Response]],
    client: Callable[[], str] = str,
) -> Response:
    """What a handler that reads the body itself answers, or the error that it raises.

    Args:
        server: Whose endpoint it is.
        request: That came.
        handler: Gets it.
        client: Says who asks, as far as that is known, for the security log.
    """
    try:
        await server.ready()
        return await handler(request)
    except OAuthError as error:
        server.tell(
            request,
            EventKind.TOKEN_REFUSED,
            error.reason,
            "An OAuth request was refused",
            status=error.status,
            client=client(),
        )
        return refused(error)
    except StoreError:
        server.log.exception("the store did not answer")
        return unavailable()

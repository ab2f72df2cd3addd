"""``ResourceServer.requires`` where FastAPI wants it: a dependency of a route, a router or an application.

Threat: a rule that stands around a route and does nothing, since FastAPI took it for something else (CWE-862), or a
mounted application that dependencies do not reach.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Final

from fastapi.openapi.models import (
    HTTPBase,
    OAuthFlowAuthorizationCode,
    OAuthFlows,
    OpenIdConnect,
)
from fastapi.openapi.models import OAuth2 as OAuth2Model
from fastapi.params import Security
from fastapi.security import OAuth2
from starlette.requests import HTTPConnection
from starlette.responses import Response

from buckler.guard.access.requirement import MARK, SELF, Requirement
from buckler.guard.auth.oauth.resource.access_token import AccessToken
from buckler.guard.auth.oauth.resource.addresses import origin
from buckler.guard.auth.oauth.resource.local import LocalIssuer
from buckler.guard.auth.oauth.resource.requirement import TokenRequirement
from buckler.guard.options import GuardError

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.resource.server import ResourceServer

Message = MutableMapping[str, Any]
App = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Any
]
_SIGNATURE: Final = inspect.Signature(
    [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=kind)
        for name, kind in (("connection", HTTPConnection), ("response", Response))
    ]
)


class RequiredToken(OAuth2):
    """The dependency behind a rule; gives the token to the handler.

    Args:
        server: That decides.
        required: What of a token.
    """

    def __init__(self, server: ResourceServer, required: TokenRequirement) -> None:
        # Of OAuth2 alone FastAPI before 0.121 takes the scopes into its document; the rest of it is not ours.
        self._server = server
        self.required = required
        self.scheme_name = server.scheme_name
        # FastAPI before 0.121 does not resolve annotations of an object's call.
        self.__signature__ = _SIGNATURE
        setattr(self, MARK, _told(server, required))

    @property
    def model(self) -> Any:  # type: ignore[override]
        """For OpenAPI, when its document is made."""
        return declared(self._server)

    async def __call__(  # type: ignore[override]
        self, connection: HTTPConnection, response: Response
    ) -> AccessToken:
        """Let pass, or raise what the caller is answered."""
        token, headers = await self._server.admit(connection, self.required)
        for name, value in headers:
            response.headers[name] = value
        return token


class TokenRule(Security):
    """What a route requires of an access token: a dependency that also goes around what is mounted.

    Args:
        server: That decides.
        required: What of a token.
    """

    def __init__(self, server: ResourceServer, required: TokenRequirement) -> None:
        super().__init__(dependency=RequiredToken(server, required), scopes=list(required.scopes))
        object.__setattr__(self, "_server", server)
        object.__setattr__(self, "required", required)

    def __call__(self, app: Any = None) -> Any:
        """Put the rule around an application that is mounted.

        Raises:
            GuardError: It is a handler, which takes the rule by ``Annotated`` or ``dependencies``, or nothing.
        """
        handler = inspect.isfunction(app) or inspect.ismethod(app)
        if not callable(app) or isinstance(app, type) or handler:
            raise GuardError(
                "the rule does not go around this",
                hint="write dependencies=[api.requires(...)] or Annotated[AccessToken, api.requires(...)], without Depends",
            )
        return TokenGate(app, getattr(self, "_server"), getattr(self, "required"))  # noqa: B009

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


class TokenGate:
    """A rule around an application that is mounted: dependencies of the outer one do not reach it (CWE-862).

    Args:
        app: What it stands around.
        server: That decides.
        required: What of a token.
    """

    def __init__(self, app: App, server: ResourceServer, required: TokenRequirement) -> None:
        self.app = app
        self._server = server
        self._required = required
        setattr(self, MARK, _told(server, required))

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        """See the ASGI specification."""
        if scope["type"] in ("http", "websocket"):
            await self._server.admit(HTTPConnection(scope), self._required)
        await self.app(scope, receive, send)


def _told(server: ResourceServer, required: TokenRequirement) -> Requirement:
    """What the audit at the start gets to know of a rule."""
    places = {
        SELF if isinstance(one, LocalIssuer) else origin(one.token_endpoint or one.issuer)
        for one in server.issuers
    }
    return Requirement(
        elsewhere=required.words(), scopes=required.scopes, signs_in_at=tuple(sorted(places))
    )


def declared(server: ResourceServer) -> Any:
    """How OpenAPI names the way to a token."""
    if server.bound:
        # Not what Swagger UI could do, but what there is.
        return HTTPBase(scheme="dpop")
    for one in server.issuers:
        if one.authorization_endpoint and one.token_endpoint:
            flow = OAuthFlowAuthorizationCode(
                authorizationUrl=one.authorization_endpoint,
                tokenUrl=one.token_endpoint,
                refreshUrl=one.token_endpoint,
                scopes=dict(server.scopes),
            )
            return OAuth2Model(flows=OAuthFlows(authorizationCode=flow))
    issuer = server.issuers[0].issuer.rstrip("/")
    return OpenIdConnect(openIdConnectUrl=f"{issuer}/.well-known/openid-configuration")

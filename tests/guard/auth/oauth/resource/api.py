"""A small API behind a server of resources, tokens and proofs for it, and what was told of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import jwt
from fastapi import FastAPI, Form, Request

from buckler.guard import AccessToken, JwtIssuer, KeySet, ResourceServer, SecurityEvent, SigningKey
from tests.guard.asgi import Answer, get, post
from tests.guard.auth.oauth.proofs import Maker, ath
from tests.guard.auth.tokens import NOW, Clock

RESOURCE = "https://api.example"
ISSUER = "https://id.example"
METADATA = "https://api.example/.well-known/oauth-protected-resource"
KEY = SigningKey.generate("ES256", kid="main")
PEM = KEY.pem()
MAKER = Maker()
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": RESOURCE,
    "sub": "user-1",
    "client_id": "s6BhdRkqt3",
    "iat": int(NOW) - 10,
    "exp": int(NOW) + 600,
    "jti": "token-1",
    "scope": "orders:read profile",
}
BOUND = {"cnf": {"jkt": MAKER.thumbprint}}


def token(*, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
    """A good token, but for what is given; None leaves it out. PyJWT makes it."""
    whole = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    members = {"typ": "at+jwt", "kid": "main", **(header or {})}
    return jwt.encode(whole, PEM, algorithm="ES256", headers=members)


def proof(access_token: str, path: str = "/orders", *, maker: Maker = MAKER, **claims: Any) -> str:
    """A good proof for a GET of a path, but for what is given."""
    stated = {"htm": "GET", "htu": RESOURCE + path, "ath": ath(access_token), "jti": "proof-1"}
    return maker.proof(**(stated | claims))


def challenges(answer: Answer) -> dict[str, dict[str, str]]:
    """``WWW-Authenticate`` by scheme, as RFC 9110, 11.6.1 writes it."""
    text = answer.header("www-authenticate") or ""
    found: dict[str, dict[str, str]] = {}
    for scheme, rest in re.findall(r'([A-Za-z]+) ((?:[a-z_]+="[^"]*"(?:, )?)+)', text):
        found[scheme] = dict(re.findall(r'([a-z_]+)="([^"]*)"', rest))
    return found


@dataclass
class Api:
    """An application with protected routes."""

    app: FastAPI
    server: ResourceServer
    clock: Clock
    events: list[SecurityEvent] = field(default_factory=list)

    def get(self, headers: Any = (), path: str = "/orders", **more: Any) -> Answer:
        return get(self.app, path, headers, **more)

    def bearer(self, text: str, path: str = "/orders", **more: Any) -> Answer:
        return self.get({"authorization": f"Bearer {text}"}, path, **more)

    def dpop(self, text: str, proved: str | None, path: str = "/orders", **more: Any) -> Answer:
        headers = {"authorization": f"DPoP {text}"} | ({"dpop": proved} if proved else {})
        return self.get(headers, path, **more)

    def form(self, text: str, body: bytes, path: str) -> Answer:
        kind = "application/x-www-form-urlencoded"
        headers = {"authorization": f"Bearer {text}", "content-type": kind}
        return post(self.app, path, body, headers)

    def reasons(self) -> list[tuple[str, str]]:
        told = [(event.kind.value, event.reason) for event in self.events]
        return [one for one in told if one[0] != "application.configuration"]

    def weaknesses(self) -> list[str]:
        return [one.reason for one in self.events if one.kind == "application.configuration"]


def local(**options: Any) -> JwtIssuer:
    """The issuer, whose key is at hand."""
    return JwtIssuer(ISSUER, keys=KeySet(KEY.public()), **options)


def api(*issuers: Any, app: FastAPI | None = None, **options: Any) -> Api:
    made = app or FastAPI()
    clock = Clock()
    events: list[SecurityEvent] = []
    server = ResourceServer(
        RESOURCE, issuers or [local()], **({"clock": clock, "events": events.append} | options)
    )
    made.include_router(server.router())

    @made.get("/orders")
    async def orders(
        token: Annotated[AccessToken, server.requires("orders:read")],
    ) -> dict[str, Any]:
        return {"user": token.user, "scopes": sorted(token.scopes), "client": token.client}

    @made.get("/any", dependencies=[server.requires()])
    async def any_token() -> str:
        return "any"

    @made.get("/written", dependencies=[server.requires("orders:read", "orders:write")])
    async def written() -> str:
        return "written"

    @made.get(
        "/paid", dependencies=[server.requires("orders:read", max_age=300, acr=["phr", "phrh"])]
    )
    async def paid() -> str:
        return "paid"

    @made.post("/form", dependencies=[server.requires()])
    async def form(name: Annotated[str, Form()]) -> str:
        return name

    @made.post("/raw", dependencies=[server.requires()])
    async def raw(request: Request) -> str:
        return (await request.body()).decode()

    @made.post("/later", dependencies=[server.requires()])
    async def later(request: Request) -> str:
        return str((await request.form())["name"])

    return Api(made, server, clock, events)

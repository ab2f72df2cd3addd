"""An authorization server with accounts and clients, driven as browsers and clients drive it."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from fastapi import FastAPI
from starlette.testclient import TestClient

from buckler.guard import (
    AuthPolicy,
    EventKind,
    Guard,
    MemoryStores,
    SecurityEvent,
)
from buckler.guard.auth.oauth.server.client import CODE, CREDENTIALS, REFRESH, OAuthClient
from buckler.guard.auth.oauth.server.policy import OAuthPolicy
from buckler.guard.auth.oauth.server.server import AuthorizationServer
from buckler.guard.stores.interface import Stores
from tests.guard.access.shop import SECRET
from tests.guard.auth.shop import GOOD, QUICK

ISSUER = "https://id.example"
CALLBACK = "https://app.example/callback"
NAME = "ann@mail.example"
KEPT = "the-secret-of-a-client-4fT9-xQ2m-8vKz-1pLw"
WEB = OAuthClient(
    id="web",
    name="Web shop",
    redirect_uris=[CALLBACK],
    grants=[CODE, REFRESH, CREDENTIALS],
    auth="client_secret_basic",
    secret=KEPT,
    scopes=["openid", "profile", "email", "offline_access", "orders:read", "orders:write"],
)
SPA = OAuthClient(
    id="spa", name="Single page", redirect_uris=["https://spa.example/"], scopes=["openid", "email"]
)
POLICY = OAuthPolicy(
    scopes={"orders:read": "See your orders", "orders:write": "Change your orders"},
    resources={"https://api.example/orders": ["orders:read"], "https://api.example/other": []},
)


class Now:
    """A clock that stands until it is moved; begins at the real time, by which sessions are kept."""

    def __init__(self) -> None:
        import time

        self.ahead = 0.0
        self._time = time.time

    def __call__(self) -> float:
        return self._time() + self.ahead


@dataclass
class Scene:
    """A server, and a browser."""

    app: FastAPI
    guard: Guard
    server: AuthorizationServer
    browser: TestClient
    clock: Now
    events: list[SecurityEvent] = field(default_factory=list)

    def in_loop(self, work: Any, *args: Any, **named: Any) -> Any:
        from functools import partial

        assert self.browser.portal is not None
        return self.browser.portal.call(partial(work, *args, **named))

    def account(self, name: str = NAME) -> Any:
        return self.in_loop(self.guard.identities.add_account, name, password=GOOD, verified=True)

    def reasons(self, kind: EventKind) -> list[str]:
        return [event.reason for event in self.events if event.kind is kind]

    def get(self, path: str, **parameters: str) -> Any:
        return self.browser.get(path, params=parameters or None, follow_redirects=False)

    def form(self, path: str, headers: Mapping[str, str] | None = None, **values: Any) -> Any:
        """A form of a page or of a client."""
        return self.browser.post(
            path, data=values, headers=dict(headers or {}), follow_redirects=False
        )

    def authorize(self, client: OAuthClient = WEB, **parameters: str) -> Any:
        """An authorization request with PKCE; ``verifier`` of it is remembered."""
        self.verifier = secrets.token_urlsafe(32)
        asked = {
            "client_id": client.id,
            "response_type": "code",
            "redirect_uri": client.redirect_uris[0],
            "scope": "openid",
            "state": "the-state",
            "code_challenge": challenge(self.verifier),
            "code_challenge_method": "S256",
            **parameters,
        }
        return self.get("/oauth/authorize", **{k: v for k, v in asked.items() if v})

    def follow(self, answer: Any) -> Any:
        """The page that a redirect on the own site leads to."""
        while answer.status_code == 303 and answer.headers["location"].startswith("/"):
            answer = self.browser.get(answer.headers["location"], follow_redirects=False)
        return answer

    def sign_in(self, page: Any, name: str = NAME, password: str = GOOD) -> Any:
        """Fill in the sign-in page."""
        fields = {**hidden(page.text), "name": name, "password": password}
        return self.follow(self.form(action(page.text), **fields))

    def decide(self, page: Any, decision: str = "allow") -> Any:
        """Fill in the consent page."""
        return self.follow(self.form(action(page.text), **hidden(page.text), decision=decision))

    def code(self, client: OAuthClient = WEB, **parameters: str) -> str:
        """A code, after whatever pages it takes."""
        answer = self.follow(self.authorize(client, **parameters))
        if 'name="password"' in answer.text:
            answer = self.sign_in(answer)
        if 'name="decision"' in answer.text:
            answer = self.decide(answer)
        return sent(answer)["code"]

    def token(self, client: OAuthClient = WEB, **parameters: Any) -> Any:
        """A token request."""
        named = {} if client.secret else {"client_id": client.id}
        return self.form("/oauth/token", headers=basic(client), **named, **parameters)

    def redeem(self, code: str, client: OAuthClient = WEB, **parameters: Any) -> Any:
        """A code for tokens."""
        return self.token(
            client,
            **{
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": client.redirect_uris[0],
                "code_verifier": self.verifier,
                **parameters,
            },
        )


@contextmanager
def opened(
    *clients: OAuthClient,
    policy: OAuthPolicy = POLICY,
    stores: Stores | None = None,
    auth: Mapping[str, Any] | None = None,
    administration: bool = False,
    rates: bool = False,
    **options: Any,
) -> Iterator[Scene]:
    app = FastAPI()
    events: list[SecurityEvent] = []
    clock = Now()
    guard = Guard(
        app,
        secret=SECRET,
        database=MemoryStores() if stores is None else stores,
        auth=AuthPolicy(base_url=ISSUER, hashing=QUICK, ways=["session"], **(auth or {})),
        docs="public",
        answers="fail",
        events=events.append,
        **options,
    )
    server = AuthorizationServer(
        guard.identities, ISSUER, clients=clients or (WEB, SPA), policy=policy, clock=clock
    )
    app.include_router(server.router())
    if administration:
        app.include_router(guard.identities.router(administration=False))
        app.include_router(server.administration())
    unrated = nullcontext() if rates else guard.rated(None)
    with unrated, TestClient(app, base_url=ISSUER) as browser:
        yield Scene(app, guard, server, browser, clock, events)


def challenge(verifier: str) -> str:
    """RFC 7636, 4.2, by the standard library alone."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def basic(client: OAuthClient, secret: str = KEPT) -> dict[str, str]:
    """The header of a client with a secret (RFC 6749, 2.3.1)."""
    if client.auth != "client_secret_basic":
        return {}
    pair = f"{quote(client.id, safe='')}:{quote(secret, safe='')}".encode()
    return {"Authorization": "Basic " + base64.b64encode(pair).decode()}


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}


def action(page: str) -> str:
    """Where a page's form goes."""
    found = re.search(r'<form method="post" action="([^"]+)"', page)
    assert found is not None, page
    return html.unescape(found[1])


def sent(answer: Any) -> dict[str, str]:
    """What an answer brings to the client, by query, fragment or form."""
    if answer.status_code == 200:
        return hidden(answer.text)
    assert answer.status_code == 303, (answer.status_code, answer.text)
    parts = urlsplit(answer.headers["location"])
    assert parts.scheme, answer.headers["location"]
    found = parse_qs(parts.query or parts.fragment, strict_parsing=True)
    return {name: value for name, (value,) in found.items()}

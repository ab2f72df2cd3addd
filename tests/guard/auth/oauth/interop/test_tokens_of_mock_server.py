"""Tokens of a second issuer that others wrote, npm's oauth2-mock-server, are taken by its keys."""

import asyncio
from collections.abc import Iterator
from typing import Annotated

import httpx2
import pytest
from fastapi import FastAPI

from buckler.guard import AccessToken, JwtIssuer, ResourceServer
from tests.guard.asgi import ask
from tests.guard.auth.oauth.client.node import running
from tests.guard.auth.oauth.resource.issuer import inside

pytestmark = pytest.mark.slow
AUDIENCE = "https://api.example"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running("mock.mjs", {"email": "john@mail.example"}) as found:
        yield found


def given(issuer: str, audience: str) -> str:
    form = {"grant_type": "client_credentials", "scope": "orders:read", "aud": audience}
    answer = httpx2.post(f"{issuer}/token", data=form, timeout=20)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def called(issuer: str, text: str) -> int:
    app = FastAPI()
    # It writes typ: JWT, and neither sub nor client_id for a client: told, and taken on purpose here.
    how = JwtIssuer(issuer, egress=inside(issuer), typ="JWT", required=())
    api = ResourceServer(AUDIENCE, how)

    @app.get("/orders")
    async def orders(token: Annotated[AccessToken, api.requires("orders:read")]) -> str:
        return token.issuer

    headers = {"authorization": f"Bearer {text}"}
    return asyncio.run(ask(app, "GET", "/orders", headers)).status


def test_they_count_for_whom_they_are(issuer: str) -> None:
    assert called(issuer, given(issuer, AUDIENCE)) == 200
    assert called(issuer, given(issuer, "https://other.example")) == 401
    forged = given(issuer, AUDIENCE)
    assert called(issuer, forged[:-6] + "AAAAAA") == 401

"""Tokens that npm's oidc-provider gives are taken: by its keys, and by asking it; of Bearer and of DPoP."""

import asyncio
import base64
import json
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote_plus

import httpx2
import pytest
from fastapi import FastAPI

from buckler.guard import (
    AccessToken,
    IntrospectionIssuer,
    JwtIssuer,
    ResourceServer,
    SigningKey,
)
from tests.guard.asgi import Answer, ask
from tests.guard.auth.oauth.client.node import PACKAGES
from tests.guard.auth.oauth.interop.cells import Cells
from tests.guard.auth.oauth.proofs import Maker, ath
from tests.guard.auth.oauth.resource.issuer import inside
from tests.npm import packages

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parent / "resource_provider.mjs"
SECRET = "a-secret of the client: 32 bytes +%/ long"
KEY = SigningKey.generate("ES256", kid="api-key")
SIGNED, OPAQUE = "https://api.example/signed", "https://api.example/opaque"
METHODS = {"basic": {"client_secret": SECRET}, "private_key_jwt": {"key": KEY}}
CLIENTS = [
    {
        "client_id": "robot",
        "client_secret": SECRET,
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["client_credentials"],
    },
    {
        "client_id": "api-basic",
        "client_secret": SECRET,
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": [],
    },
    {
        "client_id": "api-private_key_jwt",
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [KEY.public_jwk()]},
        "grant_types": [],
    },
]


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    folder = packages(*PACKAGES)
    copied = folder / f"{secrets.token_hex(8)}-{SCRIPT.name}"
    copied.write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
    clients = [{"redirect_uris": [], "response_types": [], **one} for one in CLIENTS]
    process = subprocess.Popen(
        ["node", str(copied), json.dumps({"clients": clients})],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate(timeout=20)
        copied.unlink()


def given(issuer: str, resource: str, maker: Maker | None) -> str:
    """A token of the client for itself."""
    pair = base64.b64encode(f"robot:{quote_plus(SECRET)}".encode()).decode()
    headers = {"authorization": f"Basic {pair}"}
    if maker is not None:
        headers["dpop"] = maker.proof(
            htm="POST", htu=f"{issuer}/token", iat=int(time.time()), jti=secrets.token_hex(8)
        )
    form = {"grant_type": "client_credentials", "scope": "orders:read", "resource": resource}
    answer = httpx2.post(f"{issuer}/token", data=form, headers=headers, timeout=20)
    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == ("DPoP" if maker else "Bearer")
    return str(answer.json()["access_token"])


def called(how: Any, resource: str, text: str, maker: Maker | None) -> Answer:
    app = FastAPI()
    api = ResourceServer(resource, how)

    @app.get("/orders")
    async def orders(
        token: Annotated[AccessToken, api.requires("orders:read")],
    ) -> dict[str, Any]:
        return {"issuer": token.issuer, "client": token.client}

    headers = {"authorization": f"Bearer {text}"}
    if maker is not None:
        headers = {"authorization": f"DPoP {text}"}
        headers["dpop"] = maker.proof(
            htm="GET",
            htu="https://api.example/orders",
            iat=int(time.time()),
            jti=secrets.token_hex(8),
            ath=ath(text),
        )
    return asyncio.run(ask(app, "GET", "/orders", headers))


@pytest.mark.parametrize("bound", ["bearer", "dpop"])
def test_by_its_keys(issuer: str, bound: str) -> None:
    maker = Maker() if bound == "dpop" else None
    text = given(issuer, SIGNED, maker)
    how = JwtIssuer(issuer, egress=inside(issuer))
    answer = called(how, SIGNED, text, maker)
    assert (answer.status, json.loads(answer.body)) == (
        200,
        {"issuer": issuer, "client": "robot"},
    )
    assert called(how, OPAQUE, text, maker).status == 401
    other = Maker() if maker is None else None
    assert called(how, SIGNED, text, other).status == 401


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("bound", ["bearer", "dpop"])
def test_by_asking_it(
    issuer: str, method: str, bound: str, record_property: Callable[[str, object], None]
) -> None:
    cell = (method, "plain", bound, "introspect")
    cells = Cells(record_property, "oidc-provider's", [cell])
    maker = Maker() if bound == "dpop" else None
    text = given(issuer, OPAQUE, maker)
    how = IntrospectionIssuer(
        issuer, client_id=f"api-{method}", egress=inside(issuer), **METHODS[method]
    )
    answer = called(how, OPAQUE, text, maker)
    assert (answer.status, json.loads(answer.body)) == (
        200,
        {"issuer": issuer, "client": "robot"},
    )
    assert called(how, SIGNED, text, maker).status == 401
    assert called(how, OPAQUE, text[:-1], maker).status == 401
    other = Maker() if maker is None else None
    assert called(how, OPAQUE, text, other).status == 401
    cells.passed(cell)


def test_a_secret_that_is_wrong_is_503(issuer: str) -> None:
    how = IntrospectionIssuer(
        issuer, client_id="api-basic", client_secret="another", egress=inside(issuer)
    )
    assert called(how, OPAQUE, given(issuer, OPAQUE, None), None).status == 503

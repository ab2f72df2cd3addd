"""oauth4webapi, run by Node, calls a server of resources on loopback: its proofs, nonces and readings of refusals."""

import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import jwt
import pytest
import uvicorn
from fastapi import FastAPI, Request

from buckler.guard import (
    AccessToken,
    DpopNonces,
    Guard,
    JwtIssuer,
    KeySet,
    ResourceServer,
    SigningKey,
)
from tests.guard.auth.oauth.proofs import Maker, number
from tests.npm import packages

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parent / "resource_server.mjs"
ISSUER = "https://id.example"
SECRET = "Wq1-zX9cV5bN3mK7jH2gF6dS4aP8oI0uY-tR5eL"
KEY = SigningKey.generate("ES256", kid="main")
PEM = KEY.pem()


def application(resource: str) -> FastAPI:
    app = FastAPI(openapi_url=None)
    Guard(app, deny=True, rate=None)
    api = ResourceServer(
        resource,
        JwtIssuer(ISSUER, keys=KeySet(KEY.public())),
        nonces=DpopNonces(SECRET, "resource server"),
    )
    app.include_router(api.router())
    reads = api.requires("orders:read")

    @app.get("/orders")
    @app.post("/orders")
    @app.get("/orders/{name:path}")
    async def orders(token: Annotated[AccessToken, reads], request: Request) -> dict[str, Any]:
        return {"subject": token.subject, "path": request.url.path}

    @app.get("/written", dependencies=[api.requires("orders:write")])
    async def written() -> str:
        return "written"

    @app.get("/paid", dependencies=[api.requires(max_age=300, acr=["phr"])])
    async def paid() -> str:
        return "paid"

    return app


@contextmanager
def served() -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    resource = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(application(resource), log_level="warning", server_header=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        for _ in range(1_000):
            if server.started or not thread.is_alive():
                break
            time.sleep(0.02)
        assert server.started
        yield resource
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


def token(resource: str, **claims: Any) -> str:
    now = int(time.time())
    said = {"iss": ISSUER, "aud": resource, "sub": "user-1", "client_id": "s6BhdRkqt3"}
    times = {"iat": now, "exp": now + 300, "jti": "token-1", "scope": "orders:read"}
    headers = {"typ": "at+jwt", "kid": "main"}
    return jwt.encode({**said, **times, **claims}, PEM, algorithm="ES256", headers=headers)


def private(maker: Maker) -> dict[str, str]:
    return maker.jwk | {"d": number(maker.key.private_numbers().private_value, 32)}


def test_oauth4webapi() -> None:
    folder = packages("openid-client@6", "oauth4webapi@3")
    target = folder / SCRIPT.name
    target.write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
    ours, other = Maker(), Maker()
    with served() as resource:
        plan = {
            "resource": resource,
            "jwk": private(ours),
            "other": private(other),
            "bearer": token(resource),
            "bound": token(resource, cnf={"jkt": ours.thumbprint}),
        }
        done = subprocess.run(
            ["node", str(target)],
            cwd=folder,
            input=json.dumps(plan),
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["thumbprint"] == ours.thumbprint
    assert told["metadata"]["authorization_servers"] == [ISSUER]
    for name in ("bearer", "dpop", "dpop again", "dpop post", "dpop with an escape"):
        assert told[name]["status"] == 200, told[name]
    assert json.loads(told["dpop with an escape"]["body"])["path"] == "/orders/a b/c"
    # The first proof is answered with a nonce, which those after it have.
    counts = [told[name]["nonces"] for name in ("bearer", "dpop", "dpop again", "dpop post")]
    assert counts == [0, 1, 0, 0]
    metadata = f"{resource}/.well-known/oauth-protected-resource"
    for name, status, scheme, said in (
        ("bound as bearer", 401, "bearer", {"error": "invalid_token"}),
        ("another key", 401, "dpop", {"error": "invalid_token"}),
        ("nonsense", 401, "bearer", {"error": "invalid_token"}),
        ("scope", 403, "bearer", {"error": "insufficient_scope", "scope": "orders:write"}),
        (
            "step-up",
            401,
            "bearer",
            {
                "error": "insufficient_user_authentication",
                "acr_values": "phr",
                "max_age": "300",
            },
        ),
    ):
        assert told[name]["status"] == status, told[name]
        first, second = told[name]["challenges"]
        assert first["scheme"] == scheme
        assert said.items() <= first["parameters"].items()
        for one in (first, second):
            assert one["parameters"]["resource_metadata"] == metadata
        assert "error" not in second["parameters"]

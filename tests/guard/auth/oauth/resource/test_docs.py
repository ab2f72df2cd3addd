"""The examples of docs/resource-server.md run as they stand there, and do what the page says."""

from __future__ import annotations

import base64
import json
import re
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import trustme
import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.testclient import TestClient

from buckler.guard import ResourceServer
from buckler.guard.auth.oauth.certificate import of_server
from buckler.guard.auth.oauth.certificate_header import ProxyForm
from buckler.guard.auth.oauth.resource.challenge import STATUSES
from tests.conftest import ROOT
from tests.guard.asgi import get
from tests.guard.auth.oauth.resource.api import challenges

PAGE = (ROOT / "docs/resource-server.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECRET = "Wq1-zX9cV5bN3mK7jH2gF6dS4aP8oI0uY-tR5eL"


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What all of them together define."""
    monkeypatch.chdir(tmp_path)
    for name in ("SECRET", "PARTNER_SECRET", "ROBOT_SECRET"):
        monkeypatch.setenv(name, SECRET)
    found: dict[str, Any] = {"__name__": "docs.resource_server"}
    for block in BLOCK.findall(PAGE):
        exec(compile(block, "docs/resource-server.md", "exec"), found)
    return found


def test_the_first_example(names: dict[str, Any]) -> None:
    app = names["app"]
    assert get(app, "/health").status == 200
    answer = get(app, "/orders")
    assert (answer.status, set(challenges(answer))) == (401, {"Bearer", "DPoP"})
    told = json.loads(get(app, "/.well-known/oauth-protected-resource").body)
    assert told["scopes_supported"] == ["orders:read", "orders:pay"]
    table = {entry.template: entry.words() for entry in names["guard"].access_table()}
    assert table["/payments"] == "access token with orders:pay by mfa shown within 300 s"
    for name in ("several", "strict", "behind"):
        assert isinstance(names[name], ResourceServer)


def test_the_server_of_the_same_application(names: dict[str, Any]) -> None:
    with TestClient(names["shop"], base_url="https://shop.example") as client:
        pair = base64.b64encode(f"robot:{SECRET}".encode()).decode()
        given = client.post(
            "/oauth/token",
            data={
                "grant_type": "client_credentials",
                "scope": "stock:read",
                "resource": "https://shop.example/api",
            },
            headers={"Authorization": f"Basic {pair}"},
        )
        assert given.status_code == 200, given.text
        bearer = {"Authorization": f"Bearer {given.json()['access_token']}"}
        assert client.get("/api/stock", headers=bearer).json() == "robot"
        assert client.get("/api/stock").status_code == 401


def test_what_is_in_the_tables() -> None:
    answered = PAGE.split("## What is answered")[1].split("\n\n")[0]
    named = {
        (int(row.split("|")[1]), error)
        for row in answered.splitlines()
        if row.startswith("| ") and row.split("|")[1].strip().isdigit()
        for error in re.findall(r"`(\w+)`", row.split("|")[2])
    }
    wanted = {(status, error) for error, status in STATUSES.items() if status != 503}
    assert named == wanted
    forms = re.findall(r"^\| `(\w+)` \| ", PAGE.split("| form | proxy |")[1], re.MULTILINE)
    assert forms[:5] == list(ProxyForm.__args__)  # type: ignore[attr-defined]


def test_a_certificate_over_real_tls(names: dict[str, Any], tmp_path: Path) -> None:
    authority = trustme.CA()
    ours, clients = authority.issue_cert("127.0.0.1"), authority.issue_cert("shop.example")
    ours.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    ours.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    app = FastAPI()

    @app.get("/")
    async def thumbprint(request: Request) -> str:
        found = of_server(request.scope)
        return "none" if found is None else found.thumbprint

    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        http=names["CertificateProtocol"],
        log_level="critical",
        ssl_keyfile=str(tmp_path / "key.pem"),
        ssl_certfile=str(tmp_path / "cert.pem"),
        ssl_ca_certs=str(tmp_path / "ca.pem"),
        ssl_cert_reqs=ssl.CERT_OPTIONAL,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        for _ in range(2_000):
            if server.started or not thread.is_alive():
                break
            time.sleep(0.01)
        assert server.started
        port = listener.getsockname()[1]
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        assert asked(context, port) == "none"
        clients.configure_cert(context)
        assert asked(context, port) == x5t(clients.cert_chain_pems[0].bytes())
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


def asked(context: ssl.SSLContext, port: int) -> str:
    import http.client

    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=10)
    try:
        connection.request("GET", "/", headers={"connection": "close"})
        return str(json.loads(connection.getresponse().read()))
    finally:
        connection.close()


def x5t(pem: bytes) -> str:
    from hashlib import sha256

    digest = sha256(ssl.PEM_cert_to_DER_cert(pem.decode())).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")

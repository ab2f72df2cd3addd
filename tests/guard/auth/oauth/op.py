"""A provider as the plans of the OpenID Foundation need it, and what its clients do."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import jwt

from buckler.guard import EgressPolicy
from buckler.guard.auth.oauth.server.client import OAuthClient
from tests.guard.auth.oauth.scene import ISSUER, POLICY, WEB, Scene, opened

BYE = "https://app.example/bye"
PERSON = {
    "profile": {"name": "Ann Smith", "given_name": "Ann", "updated_at": 1_700_000_000},
    "address": {"address": {"locality": "Basel", "country": "CH"}},
    "phone": {"phone_number": "+41 61 555 00 00", "phone_number_verified": False},
}
STANDARD = ["openid", "profile", "email", "address", "phone", "offline_access"]
CLIENT = replace(WEB, scopes=STANDARD, post_logout_redirect_uris=[BYE])
OTHER = replace(CLIENT, id="other", redirect_uris=["https://other.example/cb"])
POST = replace(CLIENT, id="post", auth="client_secret_post")


class Ear:
    """A client's endpoints: its keys, and the logout tokens that came."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.asked: list[str] = []
        self.jwks: dict[str, Any] = {"keys": []}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.tokens += parse_qs(body.decode())["logout_token"]
                self.send_response(200)
                self.end_headers()

            def do_GET(self) -> None:
                outer.asked.append(self.path)
                body = json.dumps(outer.jwks).encode()
                self.send_response(200 if self.path == "/jwks" else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def provider(ear: Ear) -> Iterator[Scene]:
    """A provider with every scope of the standard."""

    async def claims(user: Any, scopes: frozenset[str]) -> dict[str, Any]:
        return {k: v for one in scopes for k, v in PERSON.get(one, {}).items()}

    policy = replace(
        POLICY,
        scopes={"address": "See your address", "phone": "See your phone number"},
        resources={},
        claims=claims,
        egress=EgressPolicy(allow_networks=["127.0.0.0/8"], ports=[ear.port]),
    )
    told = replace(CLIENT, id="told", backchannel_logout_uri=f"{ear.url}/told")
    with opened(CLIENT, OTHER, POST, told, policy=policy) as found:
        found.account()
        yield found


def verified(
    scene: Scene, token: str, client: OAuthClient = CLIENT, *, ahead: float = 0.0
) -> dict[str, Any]:
    """Claims of an ID token, by PyJWT and the keys that are published (OpenID Connect Core 1.0, 3.1.3.7).

    Args:
        scene: The provider.
        token: That it gave.
        client: For whom.
        ahead: Seconds by which the provider's clock is.
    """
    keys = jwt.PyJWKSet.from_dict(scene.get("/oauth/jwks").json())
    header = jwt.get_unverified_header(token)
    assert header["alg"] == "RS256"
    claims = jwt.decode(
        token,
        keys[header["kid"]].key,
        ["RS256"],
        audience=client.id,
        issuer=ISSUER,
        leeway=ahead,
    )
    assert {"sub", "iat", "exp", "auth_time"} <= claims.keys()
    return claims


def flow(scene: Scene, client: OAuthClient = CLIENT, **asked: str) -> dict[str, Any]:
    """The tokens of a whole flow."""
    answer = scene.redeem(scene.code(client, **asked), client)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def info(scene: Scene, tokens: dict[str, Any]) -> dict[str, Any]:
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    found = scene.browser.get("/oauth/userinfo", headers=header)
    assert found.headers["content-type"].startswith("application/json")
    said: dict[str, Any] = found.json()
    return said

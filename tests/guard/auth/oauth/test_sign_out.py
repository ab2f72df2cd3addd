"""However a session ends on purpose, its clients are told, and what was granted in it ends."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs

import anyio
import jwt
import pytest

from buckler.guard import EgressPolicy
from tests.guard.auth.oauth.scene import ISSUER, NAME, POLICY, SPA, WEB, Scene, opened
from tests.guard.auth.shop import GOOD
from tests.waiting import until

EVENT = "http://schemas.openid.net/event/backchannel-logout"


class Listener:
    """A client's endpoint: the logout tokens that came."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.tokens += parse_qs(body.decode())["logout_token"]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def scene(listener: Listener) -> Iterator[Scene]:
    told = replace(
        SPA, backchannel_logout_uri=f"http://127.0.0.1:{listener.port}/told", first_party=True
    )
    egress = EgressPolicy(allow_networks=["127.0.0.0/8"], ports=[listener.port])
    policy = replace(POLICY, egress=egress)
    with opened(told, WEB, policy=policy, administration=True) as found:
        found.account()
        yield found


def claims(scene: Scene, listener: Listener) -> dict[str, object]:
    """Of the one logout token that came."""
    until(lambda: listener.tokens)
    (token,) = listener.tokens
    header = jwt.get_unverified_header(token)
    assert header["typ"] == "logout+jwt"
    keys = jwt.PyJWKSet.from_dict(scene.get("/oauth/jwks").json())
    return jwt.decode(token, keys[header["kid"]].key, ["RS256"], audience="spa", issuer=ISSUER)


@pytest.mark.parametrize("way", ["json", "form", "oauth", "everywhere"])
def test_a_client_is_told(scene: Scene, listener: Listener, way: str) -> None:
    tokens = scene.redeem(scene.code(SPA), SPA).json()
    said = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    if way == "json":
        assert scene.browser.post("/auth/sign-out").status_code == 200
    elif way == "everywhere":
        assert scene.browser.post("/auth/sign-out/everywhere").status_code == 200
    elif way == "form":
        page = scene.get("/oauth/logout")
        scene.decide(page, "yes")
    else:
        answer = scene.get("/oauth/logout", id_token_hint=tokens["id_token"])
        assert "Signed out" in answer.text
    told = claims(scene, listener)
    assert (told["sub"], told["sid"], told["events"]) == (said["sub"], said["sid"], {EVENT: {}})
    assert "nonce" not in told
    refused = scene.token(SPA, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"


def test_what_works_while_somebody_is_away_goes_on(scene: Scene) -> None:
    kept = scene.redeem(scene.code(WEB, scope="openid offline_access")).json()
    assert scene.browser.post("/auth/sign-out").status_code == 200
    assert scene.token(grant_type="refresh_token", refresh_token=kept["refresh_token"]).json()[
        "access_token"
    ]


def test_another_sign_in_of_the_same_browser_tells_nobody(scene: Scene, listener: Listener) -> None:
    scene.code(SPA)
    again = scene.browser.post("/auth/sign-in", json={"name": NAME, "password": GOOD})
    assert again.status_code == 200
    scene.in_loop(anyio.sleep, 0.1)
    assert listener.tokens == []

"""What ends everything: a client or an account that is disabled, another password, a sign-out everywhere; and hostile tokens."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from buckler.guard.auth.oauth.server.client import CREDENTIALS, EXCHANGE, REFRESH, OAuthClient
from tests.guard.auth.oauth.scene import KEPT, WEB, Scene, basic, opened, sent
from tests.guard.auth.shop import GOOD

API = replace(WEB, id="api", grants=[CREDENTIALS, EXCHANGE], introspects=True, exchange_from=["*"])
OPAQUE = replace(WEB, id="opaque", opaque=True)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with opened(WEB, API, OPAQUE, administration=True) as found:
        yield found


def active(scene: Scene, token: str) -> bool:
    """What a resource server learns of a token."""
    answer = scene.form("/oauth/introspect", headers=basic(API), token=token)
    assert answer.status_code == 200
    return bool(answer.json()["active"])


def dead(scene: Scene, client: OAuthClient, tokens: dict[str, Any]) -> None:
    """Look whether nothing of a grant counts any more."""
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert scene.browser.get("/oauth/userinfo", headers=bearer).status_code == 401
    assert not active(scene, tokens["access_token"])
    refused = scene.token(client, grant_type=REFRESH, refresh_token=tokens["refresh_token"])
    assert refused.json()["error"] in ("invalid_grant", "invalid_client")
    exchanged = scene.token(
        API,
        grant_type=EXCHANGE,
        subject_token=tokens["access_token"],
        subject_token_type="urn:ietf:params:oauth:token-type:access_token",
    )
    assert exchanged.json()["error"] == "invalid_request"


@pytest.mark.parametrize("client", [WEB, OPAQUE], ids=["signed", "opaque"])
@pytest.mark.parametrize("way", ["password", "disabled", "everywhere", "taken_back"])
def test_of_an_account(scene: Scene, way: str, client: OAuthClient) -> None:
    identities = scene.guard.identities
    name = f"{way}-{client.id}@mail.example"
    user = scene.account(name)
    scene.browser.cookies.clear()
    page = scene.follow(scene.authorize(client, scope="openid offline_access"))
    answer = scene.decide(scene.sign_in(page, name))
    code = answer.headers["location"].partition("code=")[2].partition("&")[0]
    tokens = scene.redeem(code, client).json()
    waiting = scene.authorize(client, scope="openid offline_access")
    late = waiting.headers["location"].partition("code=")[2].partition("&")[0]
    assert late and active(scene, tokens["access_token"])
    if way == "password":
        changed = scene.browser.post(
            "/auth/password", json={"current_password": GOOD, "password": GOOD[::-1]}
        )
        assert changed.status_code == 200, changed.text
    elif way == "disabled":
        scene.in_loop(identities.disable, user.id)
    elif way == "everywhere":
        scene.in_loop(identities.sign_out_everywhere, user.id)
    else:
        assert scene.browser.delete(f"/oauth/grants/{client.id}").status_code == 200
    dead(scene, client, tokens)
    # A code that was on its way gives nothing either.
    assert scene.redeem(late, client).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("opaque", [False, True])
@pytest.mark.parametrize("way", ["disabled", "dropped"])
def test_of_a_client(scene: Scene, way: str, opaque: bool) -> None:
    client = replace(
        WEB, id=f"{way}-{opaque}", opaque=opaque, grants=[*WEB.grants, CREDENTIALS], secret=KEPT
    )
    scene.in_loop(scene.server.clients.add, client)
    name = f"{client.id}@mail.example"
    scene.account(name)
    scene.browser.cookies.clear()
    page = scene.follow(scene.authorize(client, scope="openid"))
    answer = scene.decide(scene.sign_in(page, name))
    code = answer.headers["location"].partition("code=")[2].partition("&")[0]
    tokens = scene.redeem(code, client).json()
    itself = scene.token(client, grant_type=CREDENTIALS, scope="orders:read").json()
    assert active(scene, itself["access_token"])
    if way == "disabled":
        scene.in_loop(scene.server.clients.change, replace(client, disabled=True))
    else:
        scene.in_loop(scene.server.clients.drop, client.id)
    dead(scene, client, tokens)
    assert not active(scene, itself["access_token"])
    again = scene.token(client, grant_type=CREDENTIALS)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")
    assert scene.authorize(client).status_code == 400


def test_a_client_that_may_less_gets_less(scene: Scene) -> None:
    client = replace(WEB, id="less")
    scene.in_loop(scene.server.clients.add, client)
    scene.account("less@mail.example")
    scene.browser.cookies.clear()

    def code() -> str:
        page = scene.follow(scene.authorize(client, scope="openid email orders:write"))
        if 'name="password"' in page.text:
            page = scene.sign_in(page, "less@mail.example")
        answer = scene.decide(page) if 'name="decision"' in page.text else page
        return sent(answer)["code"]

    token = scene.redeem(code(), client).json()["refresh_token"]
    waiting = code()
    scene.in_loop(scene.server.clients.change, replace(client, scopes=["openid"]))
    refreshed = scene.token(client, grant_type=REFRESH, refresh_token=token).json()
    assert refreshed["scope"] == "openid"
    assert scene.redeem(waiting, client).json()["scope"] == "openid"


def unsigned(**claims: Any) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'ES256', 'typ': 'at+jwt', 'kid': 'x'})}.{part(claims)}.AAAA"


@pytest.mark.parametrize("aud", [5, None, True, 1.5, "", [], [1], [None], [[]], {}, {"a": 1}])
def test_a_token_that_is_made_up(scene: Scene, aud: Any) -> None:
    token = unsigned(aud=aud, sub="x", client_id="web", jti="j", iss="https://id.example")
    assert not active(scene, token)
    assert scene.form("/oauth/revoke", headers=basic(WEB), token=token).status_code == 200
    bearer = {"Authorization": f"Bearer {token}"}
    assert scene.browser.get("/oauth/userinfo", headers=bearer).status_code == 401


@pytest.mark.parametrize(
    "token", ["x", ".", "..", "...", "a.b.c", "bat_", "brt_", "brt_.jkt.", "e30.W10.AA", "\u00e9"]
)
def test_a_token_that_is_none(scene: Scene, token: str) -> None:
    assert not active(scene, token)
    assert scene.form("/oauth/revoke", headers=basic(WEB), token=token).status_code == 200

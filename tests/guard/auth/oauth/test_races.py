"""Codes, refresh tokens, pushed requests and device codes that many use at once, on SQLite (RFC 9700, 4.14.2; CWE-362).

Workers that die on the way, on PostgreSQL: test_code_races.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from buckler.guard import EventKind, SqlStores
from buckler.guard.auth.oauth.server.client import CODE, DEVICE, REFRESH, OAuthClient
from tests.guard.auth.oauth.scene import ISSUER, SPA, WEB, Scene, basic, challenge, hidden, opened
from tests.guard.stores.conftest import at_once

TELEVISION = OAuthClient(id="tv", grants=[DEVICE, REFRESH], scopes=["openid"], opaque=True)
MANY = 8


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    file = tmp_path_factory.mktemp("races") / "oauth.db"
    stores = SqlStores(f"sqlite+aiosqlite:///{file}", create=True)
    with opened(SPA, WEB, TELEVISION, stores=stores) as found:
        found.account()
        yield found


def together(scene: Scene, method: str, path: str, **form: str) -> list[Any]:
    """What as many requests get that come at the same time."""

    async def asked() -> list[Any]:
        cookies = dict(scene.browser.cookies)
        transport = httpx2.ASGITransport(app=scene.app)
        async with httpx2.AsyncClient(
            transport=transport, base_url=ISSUER, cookies=cookies
        ) as http:

            async def one(_: int) -> Any:
                where = {"params": form} if method == "GET" else {"data": form}
                return await http.request(method, path, **where)

            return await at_once(one, MANY)

    return scene.in_loop(asked)


def good(answers: list[Any]) -> list[dict[str, Any]]:
    assert {one.status_code for one in answers} <= {200, 400}
    return [one.json() for one in answers if one.status_code == 200]


def refresh(scene: Scene, token: str, client: OAuthClient = SPA) -> Any:
    return scene.token(client, grant_type=REFRESH, refresh_token=token)


def test_a_code(scene: Scene) -> None:
    code = scene.code(SPA)
    form = {
        "client_id": "spa",
        "grant_type": CODE,
        "code": code,
        "redirect_uri": SPA.redirect_uris[0],
        "code_verifier": scene.verifier,
    }
    answers = together(scene, "POST", "/oauth/token", **form)
    found = good(answers)
    assert len(found) <= 1
    # Of many that have one code somebody stole it: what it gave is over, for all of them.
    for tokens in found:
        assert refresh(scene, tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert scene.reasons(EventKind.TOKEN_REUSED).count("code") == 1


def test_a_refresh_token(scene: Scene) -> None:
    first = scene.redeem(scene.code(SPA), SPA).json()["refresh_token"]
    form = {"client_id": "spa", "grant_type": REFRESH, "refresh_token": first}
    found = good(together(scene, "POST", "/oauth/token", **form))
    # An answer may be lost, so that a token counts until a successor is used: then it is the only one.
    assert found
    following = [tokens["refresh_token"] for tokens in found]
    assert len(set(following)) == len(following)
    assert refresh(scene, following[0]).status_code == 200
    for other in (first, *following[1:]):
        assert refresh(scene, other).json()["error"] == "invalid_grant"
    assert refresh(scene, following[0]).json()["error"] == "invalid_grant"


def test_a_pushed_request(scene: Scene) -> None:
    scene.code(SPA)  # signed in, and agreed
    pushed = scene.form(
        "/oauth/par",
        client_id="spa",
        response_type="code",
        redirect_uri=SPA.redirect_uris[0],
        scope="openid",
        code_challenge=challenge("v" * 43),
        code_challenge_method="S256",
    ).json()
    uri = pushed["request_uri"]
    answers = together(scene, "GET", "/oauth/authorize", client_id="spa", request_uri=uri)
    found = [one for one in answers if "code=" in one.headers.get("location", "")]
    assert len(found) == 1
    assert {one.status_code for one in answers} == {303, 400}


def test_an_agreement(scene: Scene) -> None:
    scene.code(SPA)
    page = scene.follow(scene.authorize(SPA, prompt="consent"))
    fields = hidden(page.text)
    answers = together(scene, "POST", "/oauth/consent", **fields, decision="allow")
    assert len([one for one in answers if "code=" in one.headers.get("location", "")]) == 1


def test_a_device_code(scene: Scene) -> None:
    scene.code(SPA)
    asked = scene.form("/oauth/device_authorization", client_id="tv", scope="openid").json()
    page = scene.get("/oauth/device", user_code=asked["user_code"])
    decided = together(scene, "POST", "/oauth/device", **hidden(page.text), decision="allow")
    assert sum("<h1>Allowed</h1>" in one.text for one in decided) == 1
    found = good(
        together(
            scene,
            "POST",
            "/oauth/token",
            client_id="tv",
            grant_type=DEVICE,
            device_code=asked["device_code"],
        )
    )
    assert len(found) == 1


def test_a_revocation_beside_refreshes(scene: Scene) -> None:
    first = scene.redeem(scene.code(WEB), WEB).json()["refresh_token"]

    async def both() -> list[Any]:
        transport = httpx2.ASGITransport(app=scene.app)
        async with httpx2.AsyncClient(
            transport=transport, base_url=ISSUER, headers=basic(WEB)
        ) as http:

            async def one(number: int) -> Any:
                if number == MANY // 2:
                    return await http.post("/oauth/revoke", data={"token": first})
                form = {"grant_type": REFRESH, "refresh_token": first}
                return await http.post("/oauth/token", data=form)

            return await at_once(one, MANY)

    answers = scene.in_loop(both)
    tokens = [one.json() for one in answers if one.status_code == 200 and one.content]
    for one in tokens:
        assert refresh(scene, one["refresh_token"], WEB).json()["error"] == "invalid_grant"

"""Tokens of the authorization server in the same process: from the code to the route, and no longer than they count."""

from collections.abc import Iterator
from typing import Annotated, Any

import pytest

from buckler.guard import AccessToken, LocalIssuer, OAuthClient, ResourceServer
from buckler.guard.auth.oauth.dpop import Proof
from buckler.guard.auth.oauth.server.client import CODE, CREDENTIALS, REFRESH
from tests.guard.auth.oauth.proofs import Maker, ath
from tests.guard.auth.oauth.scene import CALLBACK, ISSUER, KEPT, WEB, Scene, basic, opened

RESOURCE = "https://api.example/orders"
OPAQUE = OAuthClient(
    id="opaque",
    name="Opaque",
    redirect_uris=[CALLBACK],
    grants=[CODE, REFRESH, CREDENTIALS],
    auth="client_secret_basic",
    secret=KEPT,
    scopes=["openid", "offline_access", "orders:read", "orders:write"],
    opaque=True,
)
ASKED = {"scope": "openid offline_access orders:read", "resource": RESOURCE}
both = pytest.mark.parametrize("client", [WEB, OPAQUE], ids=["signed", "opaque"])


@pytest.fixture
def scene() -> Iterator[Scene]:
    with opened(WEB, OPAQUE) as found:
        found.account()
        server = ResourceServer(
            RESOURCE, LocalIssuer(found.server), clock=found.clock, events=found.events.append
        )

        @found.app.get("/orders")
        async def orders(
            token: Annotated[AccessToken, server.requires("orders:read")],
        ) -> dict[str, Any]:
            return {"issuer": token.issuer, "client": token.client, "acr": token.acr}

        @found.app.get("/written", dependencies=[server.requires("orders:write")])
        async def written() -> str:
            return "written"

        yield found


def tokens(scene: Scene, client: OAuthClient) -> dict[str, Any]:
    answer = scene.redeem(scene.code(client, **ASKED), client, resource=RESOURCE)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def called(scene: Scene, token: str, path: str = "/orders") -> Any:
    return scene.browser.get(path, headers={"Authorization": f"Bearer {token}"})


@both
def test_from_the_code_to_the_route(scene: Scene, client: OAuthClient) -> None:
    token = tokens(scene, client)["access_token"]
    answer = called(scene, token)
    assert answer.json() == {"issuer": ISSUER, "client": client.id, "acr": "pwd"}
    refused = called(scene, token, "/written")
    assert refused.status_code == 403
    assert 'scope="orders:write"' in refused.headers["www-authenticate"]


@both
def test_what_is_revoked_counts_no_more_at_once(scene: Scene, client: OAuthClient) -> None:
    found = tokens(scene, client)
    assert called(scene, found["access_token"]).status_code == 200
    done = scene.form("/oauth/revoke", headers=basic(client), token=found["refresh_token"])
    assert done.status_code == 200
    assert called(scene, found["access_token"]).status_code == 401


def test_an_account_that_is_disabled(scene: Scene) -> None:
    token = tokens(scene, WEB)["access_token"]
    users = scene.guard.identities.stores.users
    user = scene.in_loop(users.by_name, "ann@mail.example")
    scene.in_loop(users.set_state, user.id, disabled=True)
    assert called(scene, token).status_code == 401


@both
def test_other_tokens_of_the_server_do_not_count(scene: Scene, client: OAuthClient) -> None:
    found = tokens(scene, client)
    for name in ("refresh_token", "id_token"):
        assert called(scene, found[name]).status_code == 401
    elsewhere = scene.redeem(
        scene.code(client, scope="openid", resource="https://api.example/other"), client
    )
    assert called(scene, elsewhere.json()["access_token"]).status_code == 401
    assert called(scene, "bat_" + "x" * 43).status_code == 401


@both
def test_it_ends(scene: Scene, client: OAuthClient) -> None:
    token = tokens(scene, client)["access_token"]
    scene.clock.ahead = 601
    assert called(scene, token).status_code == 401


def test_a_token_of_dpop(scene: Scene) -> None:
    maker = Maker()
    now = int(scene.clock())

    def proof(method: str, url: str, **more: Any) -> str:
        return maker.proof(htm=method, htu=url, iat=now, **more)

    code = scene.code(WEB, **ASKED)
    sent = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": scene.verifier,
        "resource": RESOURCE,
    }
    url = f"{ISSUER}/oauth/token"
    answer = scene.form(
        "/oauth/token", headers={**basic(WEB), "DPoP": proof("POST", url, jti="1")}, **sent
    )
    assert (answer.status_code, answer.json()["token_type"]) == (200, "DPoP"), answer.text
    token = answer.json()["access_token"]
    assert called(scene, token).status_code == 401
    route = "https://api.example/orders"
    headers = {
        "Authorization": f"DPoP {token}",
        "DPoP": proof("GET", route, jti="2", ath=ath(token)),
    }
    assert scene.browser.get("/orders", headers=headers).status_code == 200
    assert scene.browser.get("/orders", headers=headers).status_code == 401
    # The server and the resource remember proofs in one place.
    key = Proof(thumbprint=maker.thumbprint, id="2", issued=0, nonce="", until=0).replay_key
    until = scene.clock() + 60
    assert not scene.in_loop(scene.server.store.replays.first, key, until)


def test_openapi_signs_in_at_the_server(scene: Scene) -> None:
    scheme = scene.app.openapi()["components"]["securitySchemes"]["OAuth2"]
    flow = scheme["flows"]["authorizationCode"]
    assert flow["authorizationUrl"] == f"{ISSUER}/oauth/authorize"
    assert flow["tokenUrl"] == f"{ISSUER}/oauth/token"
    assert set(flow["scopes"]) == {"orders:read", "orders:write"}

"""A client for itself is nobody, whatever its id (RFC 9068, 5)."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any

import pytest

from buckler.guard import AccessToken, GuardError, LocalIssuer, ResourceServer
from buckler.guard.auth.errors import TokenError
from buckler.guard.auth.oauth.server.client import CREDENTIALS, OAuthClient
from buckler.guard.stores.records import User
from tests.guard.auth.oauth.scene import ISSUER, KEPT, WEB, Scene, opened

RESOURCE = "https://api.example/orders"
ITSELF = OAuthClient(
    id="kim",
    grants=[CREDENTIALS],
    auth="client_secret_basic",
    secret=KEPT,
    scopes=["orders:read"],
)
OPAQUE = replace(ITSELF, id="opaque", opaque=True)
clients = pytest.mark.parametrize("client", [ITSELF, OPAQUE], ids=["signed", "opaque"])


@pytest.fixture
def scene() -> Iterator[Scene]:
    with opened(WEB, ITSELF, OPAQUE) as found:
        server = ResourceServer(RESOURCE, LocalIssuer(found.server), clock=found.clock)

        @found.app.get("/me")
        async def me(token: Annotated[AccessToken, server.requires()]) -> dict[str, Any]:
            return {"user": token.user, "for_itself": token.for_itself}

        yield found


def asked(scene: Scene, client: OAuthClient) -> Any:
    return scene.token(client, grant_type="client_credentials", resource=RESOURCE)


def me(scene: Scene, token: str) -> dict[str, Any]:
    answer = scene.browser.get("/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def put_in(scene: Scene, account: str) -> None:
    """An application may have accounts of its own making."""
    made = User(
        id=account, name=f"{account}@mail.example", password="", created=0.0, valid_from=0.0
    )
    assert scene.in_loop(scene.guard.identities.stores.users.add, made)


def test_no_client_gets_the_id_of_an_account(scene: Scene) -> None:
    account = scene.account()
    taken = replace(ITSELF, id=account.id)
    with pytest.raises(GuardError, match="looks like an account's"):
        scene.in_loop(scene.server.clients.add, taken)
    with pytest.raises(GuardError, match="looks like an account's"), opened(taken):
        pytest.fail("the client was taken")
    # One more digit, or a letter that is none, is nobody's.
    scene.in_loop(scene.server.clients.add, replace(ITSELF, id=account.id + "0"))
    assert asked(scene, replace(ITSELF, id=account.id + "0")).status_code == 200


def test_a_client_that_was_kept_before_gets_no_token_for_itself(scene: Scene) -> None:
    """Its id may be of an account that is gone, and that a server of resources remembers."""
    gone = "0123456789abcdef" * 2
    scene.in_loop(scene.server.clients.add, replace(ITSELF, id="kept"))
    (row,) = scene.in_loop(scene.server.store.clients.page)
    scene.in_loop(scene.server.store.clients.put, replace(row, id=gone))
    answer = asked(scene, replace(ITSELF, id=gone))
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


@clients
def test_an_account_of_the_applications_own_making(scene: Scene, client: OAuthClient) -> None:
    assert asked(scene, client).status_code == 200
    put_in(scene, client.id)
    scene.clock.ahead += 61
    answer = asked(scene, client)
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


@clients
def test_a_resource_server_tells_a_client_from_a_person(scene: Scene, client: OAuthClient) -> None:
    said = me(scene, asked(scene, client).json()["access_token"])
    assert said["for_itself"]
    assert tuple(said["user"]) != (ISSUER, client.id) and client.id in said["user"]
    account = scene.account()
    code = scene.code(WEB, scope="openid orders:read", resource=RESOURCE)
    tokens = scene.redeem(code, WEB, resource=RESOURCE).json()
    said = me(scene, tokens["access_token"])
    assert said == {"user": [ISSUER, account.id], "for_itself": False}


@clients
def test_the_routes_of_the_accounts_take_no_such_token(scene: Scene, client: OAuthClient) -> None:
    token = scene.token(client, grant_type="client_credentials").json()["access_token"]
    with pytest.raises(TokenError):
        scene.in_loop(scene.guard.identities.tokens.verifier.averify, token)

"""Authlib's client completes every flow that it knows: no proofs of possession are among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import jwt
import pytest
from joserfc.jwk import ECKey

from tests.guard.auth.oauth.interop.browser import Browser
from tests.guard.auth.oauth.interop.cells import Cell, Cells
from tests.guard.auth.oauth.interop.running import (
    AFTERWARDS,
    KEY,
    REDIRECT,
    RESOURCE,
    Running,
    running,
)
from tests.guard.auth.oauth.scene import KEPT, NAME

authlib = pytest.importorskip("authlib", reason="needs Authlib: pip install authlib")
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
METHODS = {
    "public": "none",
    "basic": "client_secret_basic",
    "post": "client_secret_post",
    "private_key_jwt": "private_key_jwt",
}


FLOWS = ("code", "refresh", "introspect", "exchange", "client credentials", "revoke", "logout")
PUBLIC = ("code", "refresh", "revoke", "logout")


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running() as found:
        yield found


@pytest.fixture
def client(server: Running) -> Iterator[Callable[[str], Any]]:
    """Makes clients, and closes them."""
    made: list[Any] = []

    def make(name: str) -> Any:
        made.append(new_client(server, name))
        return made[-1]

    yield make
    for one in made:
        one.close()


def new_client(server: Running, name: str) -> Any:
    from authlib.integrations.httpx_client import OAuth2Client
    from authlib.oauth2.rfc7523 import PrivateKeyJWT

    secret: Any = None if name == "public" else KEPT
    if name == "private_key_jwt":
        secret = ECKey.import_key(KEY.pem())
    made = OAuth2Client(
        client_id=name,
        client_secret=secret,
        token_endpoint_auth_method=METHODS[name],
        revocation_endpoint_auth_method=METHODS[name],
        redirect_uri=REDIRECT,
        scope="openid email offline_access orders:read",
        code_challenge_method="S256",
        token_endpoint=f"{server.issuer}/oauth/token",
    )
    if name == "private_key_jwt":
        # Its audience by itself is the token endpoint; the issuer is what a server of today takes.
        made.register_client_auth_method(
            PrivateKeyJWT(server.issuer, headers={"kid": KEY.kid}, alg="ES256")
        )
    return made


def tokens(server: Running, made: Any, pushed: bool) -> Any:
    from authlib.common.security import generate_token

    verifier, nonce = generate_token(48), generate_token(20)
    url, state = made.create_authorization_url(
        f"{server.issuer}/oauth/authorize", code_verifier=verifier, nonce=nonce
    )
    if pushed:
        url = push(server, made, url)
    browser = Browser(NAME, REDIRECT)
    where, _ = browser.visit(url)
    browser.close()
    found = made.fetch_token(authorization_response=where, state=state, code_verifier=verifier)
    keys = jwt.PyJWKSet.from_dict(httpx.get(f"{server.issuer}/oauth/jwks").json())
    kid = jwt.get_unverified_header(found["id_token"])["kid"]
    claims = jwt.decode(
        found["id_token"], keys[kid].key, ["RS256"], audience=made.client_id, issuer=server.issuer
    )
    assert claims["nonce"] == nonce
    return found


def post(made: Any, url: str, data: Any) -> Any:
    """What it has no method for: its authentication goes with any request."""
    auth = made.client_auth(METHODS[made.client_id])
    return made.request("POST", url, data=data, withhold_token=True, auth=auth)


def push(server: Running, made: Any, url: str) -> str:
    """It knows no pushed requests; its authentication goes with any post."""
    # Its authentication names the client once more.
    parameters = {k: v for k, v in httpx.URL(url).params.items() if k != "client_id"}
    answer = post(made, f"{server.issuer}/oauth/par", parameters)
    assert answer.status_code == 201, answer.text
    name = answer.json()["request_uri"]
    return str(
        httpx.URL(
            f"{server.issuer}/oauth/authorize",
            params={"client_id": made.client_id, "request_uri": name},
        )
    )


@pytest.mark.parametrize("pushed", [False, True], ids=["plain", "par"])
@pytest.mark.parametrize("name", METHODS)
def test_every_flow(
    server: Running,
    client: Callable[[str], Any],
    name: str,
    pushed: bool,
    record_property: Callable[[str, object], None],
) -> None:
    way = "par" if pushed else "plain"
    cells: list[Cell] = [
        (name, way, "bearer", flow) for flow in (PUBLIC if name == "public" else FLOWS)
    ]
    table = Cells(record_property, "Authlib", cells)
    made = client(name)
    found = tokens(server, made, pushed)
    info = made.get(f"{server.issuer}/oauth/userinfo").json()
    assert info["email"] == NAME
    refreshed = made.refresh_token(f"{server.issuer}/oauth/token")
    assert refreshed["refresh_token"] != found["refresh_token"]
    if name != "public":
        said = made.introspect_token(
            f"{server.issuer}/oauth/introspect", token=refreshed["access_token"]
        ).json()
        assert (said["active"], said["client_id"]) == (True, name)
        exchanged = client(name).fetch_token(
            grant_type=EXCHANGE,
            subject_token=refreshed["access_token"],
            subject_token_type="urn:ietf:params:oauth:token-type:access_token",
            resource=RESOURCE,
            scope="orders:read",
        )
        assert exchanged["scope"] == "orders:read"
        own = client(name).fetch_token(grant_type="client_credentials", scope="orders:read")
        assert own["token_type"] == "Bearer"
    revoked = made.revoke_token(f"{server.issuer}/oauth/revoke", token=refreshed["refresh_token"])
    assert revoked.status_code == 200
    again = post(
        made,
        f"{server.issuer}/oauth/token",
        {"grant_type": "refresh_token", "refresh_token": refreshed["refresh_token"]},
    )
    assert again.json()["error"] == "invalid_grant"
    browser = Browser(NAME, REDIRECT, AFTERWARDS)
    where, _ = browser.visit(
        str(
            httpx.URL(
                f"{server.issuer}/oauth/logout",
                params={
                    "id_token_hint": found["id_token"],
                    "post_logout_redirect_uri": AFTERWARDS,
                },
            )
        )
    )
    browser.close()
    assert where == AFTERWARDS
    table.passed(*cells)


@pytest.mark.parametrize("name", METHODS)
def test_a_device(
    server: Running,
    client: Callable[[str], Any],
    name: str,
    record_property: Callable[[str, object], None],
) -> None:
    table = Cells(record_property, "Authlib", [(name, "plain", "bearer", "device")])
    made = client(name)
    begun = post(
        made,
        f"{server.issuer}/oauth/device_authorization",
        {"scope": "openid email"},
    ).json()
    browser = Browser(NAME)
    _, page = browser.visit(begun["verification_uri_complete"])
    browser.close()
    assert "Go back to the device" in page.text
    found = made.fetch_token(grant_type=DEVICE, device_code=begun["device_code"])
    assert found["id_token"]
    table.passed((name, "plain", "bearer", "device"))

"""Sign-in with npm's oidc-provider, which others wrote, run by Node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from buckler.guard import SigningKey
from buckler.guard.auth.oauth.client import Provider
from tests.guard.auth.oauth.client.node import running
from tests.guard.auth.oauth.client.shop import BASE, opened, there

SECRET = "a-secret of the client: 32 bytes +%/ long"
KEY = SigningKey.generate("ES256", kid="client")
WAYS = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")


def client(name: str, **more: Any) -> dict[str, Any]:
    """A client as the provider registers it."""
    return {
        "client_id": name,
        "client_secret": SECRET,
        "redirect_uris": [f"{BASE}/auth/with/{name}/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "post_logout_redirect_uris": [f"{BASE}/auth/with/signed-out"],
        "backchannel_logout_uri": f"http://127.0.0.1:9/auth/with/{name}/back-channel-logout",
        "backchannel_logout_session_required": True,
        **more,
    }


def name_of(way: str) -> str:
    return way.replace("_", "-")


CLIENTS = [
    client(
        name_of(way),
        token_endpoint_auth_method=way,
        **({"jwks": {"keys": [KEY.public_jwk()]}} if way == "private_key_jwt" else {}),
    )
    for way in WAYS
]


def provider(issuer: str, way: str = "client_secret_basic", **more: Any) -> Provider:
    """The same client as the application knows it."""
    secret = SECRET if way.startswith("client_secret") else None
    return Provider(
        name_of(way),
        issuer=issuer,
        client_id=name_of(way),
        client_secret=secret,
        key=KEY if way == "private_key_jwt" else None,
        authentication=way,  # type: ignore[arg-type]
        **more,
    )


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running("provider.mjs", {"clients": CLIENTS}) as found:
        yield found


@pytest.fixture
def browser() -> Iterator[httpx2.Client]:
    with httpx2.Client() as found:
        yield found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("pushed", [False, True], ids=["plain", "pushed"])
@pytest.mark.parametrize("dpop", [False, True], ids=["bearer", "dpop"])
def test_every_way(issuer: str, browser: httpx2.Client, way: str, pushed: bool, dpop: bool) -> None:
    with opened(provider(issuer, way, pushed=pushed, dpop=dpop)) as shop:
        where = shop.begin(name_of(way), next="/orders?page=2")
        assert ("request_uri" in dict(parse_qsl(urlsplit(where).query))) is pushed
        answer = shop.come_back(there(browser, where))
        assert (answer.status_code, answer.headers["location"]) == (303, "/orders?page=2")
        me = shop.me().json()
        assert (me["factors"], me["verified"]) == (["federated"], False)
        assert me["name"].startswith(f"{name_of(way)}:")

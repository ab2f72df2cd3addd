"""Sign-in with an authorization server of guard's own, in another application."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from buckler.guard import OAuthClient, Provider
from buckler.guard.auth.oauth.server import client as kinds
from tests.guard.auth.oauth.client.shop import BASE, onward, opened
from tests.guard.auth.oauth.interop.browser import Browser
from tests.guard.auth.oauth.interop.running import KEY, Running, running
from tests.guard.auth.oauth.scene import KEPT, NAME

pytestmark = pytest.mark.slow
HOW: dict[str, dict[str, Any]] = {
    "plain": {"client_secret": KEPT, "pushed": False},
    "bound": {"key": KEY, "pushed": True, "dpop": True},
}


def registered(name: str) -> OAuthClient:
    shown: dict[str, Any] = {"auth": "client_secret_basic", "secret": KEPT}
    if name == "bound":
        shown = {"auth": "private_key_jwt", "jwks": {"keys": [KEY.public_jwk()]}}
    return OAuthClient(
        id=name,
        name=f"The {name} shop",
        redirect_uris=[f"{BASE}/auth/with/{name}/callback"],
        post_logout_redirect_uris=[f"{BASE}/auth/with/signed-out"],
        grants=[kinds.CODE, kinds.REFRESH],
        scopes=["openid", "email", "offline_access"],
        **shown,
    )


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(*(registered(name) for name in HOW)) as found:
        yield found


@pytest.mark.parametrize("name", HOW)
def test_there_and_back_and_out(server: Running, name: str) -> None:
    known = Provider(
        name,
        issuer=server.issuer,
        client_id=name,
        scopes=["openid", "email", "offline_access"],
        prompt="consent",
        email_domains=["mail.example"],
        keep_tokens=True,
        **HOW[name],
    )
    browser = Browser(NAME, BASE)
    with opened(known) as shop:
        back, _ = browser.visit(shop.begin(name, next="/orders"))
        answer = shop.come_back(back)
        assert answer.headers["location"] == "/orders", shop.events
        me = shop.me().json()
        assert (me["name"], me["verified"], me["factors"]) == (NAME, True, ["federated"])
        token = shop.do(shop.sign_in_with.token, me["id"], name)
        assert token.dpop is (name == "bound")
        store = shop.guard.identities.stores.external_tokens
        kept = shop.do(store.find, me["id"], name)
        shop.do(store.put, replace(kept, expires=shop.clock()))  # as if it were about to end
        refreshed = shop.do(shop.sign_in_with.token, me["id"], name)
        assert refreshed.value != token.value
        out = shop.client.post("/auth/with/sign-out", data={"next": "/bye"}, follow_redirects=False)
        back, _ = browser.visit(onward(out))
        assert shop.come_back(back).headers["location"] == "/bye"
    browser.close()

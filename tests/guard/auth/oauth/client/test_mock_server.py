"""Sign-in with a second provider that others wrote: npm's oauth2-mock-server."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from buckler.guard import EventKind
from buckler.guard.auth.oauth.client import Provider
from tests.guard.auth.oauth.client.node import running
from tests.guard.auth.oauth.client.shop import opened, there

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running("mock.mjs", {"email": "john@mail.example"}) as found:
        yield found


def test_somebody_signs_in_and_comes_again(issuer: str) -> None:
    known = Provider(
        "mock",
        issuer=issuer,
        client_id="shop",
        email_domains=["*"],
        keep_tokens=True,
    )
    with opened(known) as shop, httpx2.Client() as browser:
        answer = shop.enter("mock", browser, next="/orders")
        assert answer.headers["location"] == "/orders", shop.events
        me = shop.me().json()
        assert me["factors"] == ["federated"]
        shop.client.cookies.clear()
        shop.enter("mock", browser)
        assert shop.me().json()["id"] == me["id"]
        token = shop.do(shop.sign_in_with.token, me["id"], "mock")
        found = browser.get(f"{issuer}/userinfo", headers=token.headers("GET", issuer))
        assert found.status_code == 200
        back = there(browser, shop.begin("mock"))
        assert shop.come_back(back).headers["location"] == "/"
        assert shop.why(shop.come_back(back)) == "again"
        assert shop.reasons(EventKind.SIGN_IN_FAILED) == ["federated_state"]

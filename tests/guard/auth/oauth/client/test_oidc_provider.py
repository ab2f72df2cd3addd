"""Sign-in with npm's oidc-provider, which others wrote, run by Node."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from buckler.guard import EventKind, SigningKey
from buckler.guard.auth.oauth.client import Provider
from tests.guard.auth.oauth.client.node import running
from tests.guard.auth.oauth.client.shop import BASE, onward, opened, there
from tests.guard.auth.oauth.interop.cells import Cells

pytestmark = pytest.mark.slow

SECRET = "a-secret of the client: 32 bytes +%/ long"
KEY = SigningKey.generate("ES256", kid="client")
SHORT = {
    "client_secret_basic": "basic",
    "client_secret_post": "post",
    "private_key_jwt": "private_key_jwt",
    "none": "public",
}
WAYS = tuple(SHORT)


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


@pytest.fixture
def control(issuer: str) -> Iterator[Control]:
    with httpx2.Client(base_url=issuer) as client:
        found = Control(client)
        found("seen")
        yield found


class Control:
    """Tells the provider what to do, and asks what it saw."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client

    def __call__(self, what: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._client.get(f"/control/{what}").json()
        return answer


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("pushed", [False, True], ids=["plain", "pushed"])
@pytest.mark.parametrize("dpop", [False, True], ids=["bearer", "dpop"])
def test_every_way(
    issuer: str,
    browser: httpx2.Client,
    control: Control,
    way: str,
    pushed: bool,
    dpop: bool,
    record_property: Callable[[str, object], None],
) -> None:
    row = (SHORT[way], "par" if pushed else "plain", "dpop" if dpop else "bearer")
    cells = [(*row, flow) for flow in ("code", "refresh", "revoke", "logout")]
    table = Cells(record_property, "oidc-provider", cells)
    name, scopes = name_of(way), ("openid", "email", "offline_access")
    known = provider(
        issuer, way, pushed=pushed, dpop=dpop, keep_tokens=True, scopes=scopes, prompt="consent"
    )
    with opened(known) as shop:
        # code
        where = shop.begin(name, next="/orders?page=2")
        asked = dict(parse_qsl(urlsplit(where).query))
        assert ("request_uri" in asked) is pushed
        assert ("dpop_jkt" in asked) is (dpop and not pushed)
        answer = shop.come_back(there(browser, where))
        assert (answer.status_code, answer.headers["location"]) == (303, "/orders?page=2")
        me = shop.me().json()
        assert (me["factors"], me["verified"]) == (["federated"], False)
        assert me["name"].startswith(f"{name}:")
        # userinfo, by the token that was kept
        token = shop.do(shop.sign_in_with.token, me["id"], name)
        about = browser.get(f"{issuer}/me", headers=token.headers("GET", f"{issuer}/me"))
        assert about.json()["email"] == "ann@mail.example"
        assert (token.dpop, about.request.headers["authorization"][:4]) == (
            dpop,
            "DPoP" if dpop else "Bear",
        )
        # refresh
        shop.clock.ahead = 31.0
        refreshed = shop.do(shop.sign_in_with.token, me["id"], name)
        shop.clock.ahead = 0.0
        assert refreshed.value != token.value
        headers = refreshed.headers("GET", f"{issuer}/me")
        assert browser.get(f"{issuer}/me", headers=headers).json()["sub"] == "ann"
        # revocation
        shop.do(shop.sign_in_with.kept.drop, me["id"], shop.sign_in_with.connections[name])
        headers = refreshed.headers("GET", f"{issuer}/me")
        assert browser.get(f"{issuer}/me", headers=headers).status_code == 401
        # sign-out at the provider, which tells the application at its back
        form = {"next": "/bye"}
        gone = shop.client.post("/auth/with/sign-out", data=form, follow_redirects=False)
        assert shop.come_back(confirmed(browser, onward(gone))).headers["location"] == ("/bye")
        seen = control("seen")
        (logout,) = seen["logouts"]
        assert logout["url"].endswith(f"/auth/with/{name}/back-channel-logout")
    redeemed, renewed = [one for one in seen["requests"] if one["url"] == "/token"]
    for one in (redeemed, renewed):
        assert one["authorization"].startswith("Basic ") is (way == "client_secret_basic")
        assert one["dpop"] is dpop
    table.passed(*cells)


def confirmed(browser: httpx2.Client, url: str) -> str:
    """Say yes where a provider asks whether to sign out, and come back."""
    page = browser.get(url).text
    field = re.search(r'name="xsrf" value="([^"]+)"', page)
    action = re.search(r'action="([^"]+)"', page)
    assert field and action, page
    answer = browser.post(action[1], data={"xsrf": field[1], "logout": "yes"})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_the_back_channel_ends_the_session(
    issuer: str, browser: httpx2.Client, control: Control
) -> None:
    with opened(provider(issuer)) as shop:
        shop.enter("client-secret-basic", browser)
        mine = shop.client.cookies["__Host-session"]
        elsewhere = shop.client.post("/auth/with/sign-out", follow_redirects=False)
        shop.client.cookies.clear()
        shop.enter("client-secret-basic", browser)
        assert shop.client.cookies["__Host-session"] != mine
        confirmed(browser, onward(elsewhere))
        (logout,) = control("seen")["logouts"]
        token = dict(parse_qsl(logout["body"]))
        path = urlsplit(logout["url"]).path
        assert shop.me().status_code == 200
        wrong = {"logout_token": token["logout_token"][:-5] + "AAAAA"}
        assert shop.client.post(path, data=wrong).status_code == 400
        assert shop.me().status_code == 200
        assert shop.client.post(path, data=token).status_code == 200
        assert shop.me().status_code == 401
        assert shop.client.post(path, data=token).status_code == 400
    assert shop.reasons(EventKind.SIGNED_OUT) == ["session", "back_channel"]
    assert "logout" in shop.reasons(EventKind.TOKEN_REUSED)


def test_a_key_that_is_changed_in_the_middle(
    issuer: str, browser: httpx2.Client, control: Control
) -> None:
    with opened(provider(issuer)) as shop:
        assert shop.enter("client-secret-basic", browser).headers["location"] == "/"
        where = shop.begin("client-secret-basic")
        back = there(browser, where)
        control("rotate")
        shop.clock.ahead = 31.0  # the set was fetched a moment ago
        assert shop.come_back(back).headers["location"] == "/"
        assert shop.me().status_code == 200


def test_no_answer_comes_to_who_said_no(issuer: str, browser: httpx2.Client) -> None:
    known = provider(issuer, parameters={"login_hint": "denied"})
    with opened(known) as shop:
        answer = shop.enter("client-secret-basic", browser)
        assert shop.why(answer) == "denied"
        assert shop.me().status_code == 401


def test_the_issuer_is_in_the_answer(issuer: str, browser: httpx2.Client) -> None:
    with opened(provider(issuer)) as shop:
        back = there(browser, shop.begin("client-secret-basic"))
        assert dict(parse_qsl(urlsplit(back).query))["iss"] == issuer
        without = re.sub(r"[?&]iss=[^&]*", "", back)
        assert shop.why(shop.come_back(without)) == "failed"
        assert shop.reasons(EventKind.SIGN_IN_FAILED) == ["federated_mix_up"]


def test_an_address_that_is_believed_names_the_account(
    issuer: str, browser: httpx2.Client, control: Control
) -> None:
    with opened(provider(issuer, email_domains=["mail.example"])) as shop:
        shop.enter("client-secret-basic", browser)
        assert shop.me().json()["name"] == "ann@mail.example"
        # One that the provider does not say to be verified is nobody's.
        browser.cookies.clear()
        shop.client.cookies.clear()
        control("account/unverified")
        shop.enter("client-secret-basic", browser)
        assert shop.me().json()["name"].startswith("client-secret-basic:")
    control("account/")


def test_the_class_and_the_age_of_a_sign_in(issuer: str, browser: httpx2.Client) -> None:
    with opened(provider(issuer, acr=["gold"], max_age=3600.0)) as shop:
        assert shop.enter("client-secret-basic", browser).headers["location"] == "/"
        before = shop.me().json()["authenticated"]
        step = shop.client.post("/auth/with/client-secret-basic/step-up", follow_redirects=False)
        time.sleep(1.1)  # auth_time is in whole seconds
        assert shop.come_back(there(browser, onward(step))).headers["location"] == "/"
        assert shop.me().json()["authenticated"] > before


def test_proofs_with_nonces_of_the_provider(browser: httpx2.Client) -> None:
    with running("provider.mjs", {"clients": CLIENTS, "nonce": True}) as issuer:
        for way in ("client_secret_basic", "private_key_jwt"):
            browser.cookies.clear()
            known = provider(issuer, way, dpop=True, pushed=True, keep_tokens=True)
            with opened(known) as shop:
                assert shop.enter(name_of(way), browser).headers["location"] == "/"
                me = shop.me().json()["id"]
                token = shop.do(shop.sign_in_with.token, me, name_of(way))
                url = f"{issuer}/me"
                other = f"{issuer.replace('127.0.0.1', 'localhost')}/me"
                assert browser.get(url, headers=token.headers("GET", url)).status_code == 200
                # An interface elsewhere, which wants a nonce of its own first.
                first = browser.get(other, headers=token.headers("GET", other))
                assert first.status_code == 401
                assert token.learn(other, first.headers["dpop-nonce"])
                assert not token.learn(other, first.headers["dpop-nonce"])
                assert not token.learn(other, None)

"""Answers that somebody else asked for, that come twice, or from another provider (RFC 9700, 4)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from buckler.guard import EventKind
from tests.guard.auth.oauth.client.liar import (
    CLIENT,
    Liar,
    lying,
)
from tests.guard.auth.oauth.client.shop import BASE, Shop, opened

pytestmark = pytest.mark.slow


def enter(shop: Shop, liar: Liar, **lies: Any) -> Any:
    return shop.come_back(liar.sent_back(shop.begin("op"), **lies))


def nobody(shop: Shop, answer: Any, reason: str, why: str = "failed") -> None:
    """Look whether nobody came in, and why."""
    assert shop.why(answer) == why
    assert "__Host-session" not in shop.client.cookies
    assert shop.client.get("/me").status_code == 401
    assert shop.reasons(EventKind.SIGN_IN_FAILED)[-1] == f"federated_{reason}"


@pytest.fixture(scope="module")
def lied_to() -> Iterator[tuple[Shop, Liar]]:
    """One application for many lies."""
    with lying() as liar, opened(liar.provider()) as shop:
        yield shop, liar


# The answer: state, browser, issuer


def test_an_answer_counts_once(shop: Shop, liar: Liar) -> None:
    back = liar.sent_back(shop.begin("op"))
    cookies = dict(shop.client.cookies)
    assert shop.come_back(back).headers["location"] == "/"
    shop.client.cookies.clear()
    for name, value in cookies.items():
        shop.client.cookies.set(name, value)
    nobody(shop, shop.come_back(back), "state", "again")
    assert len(liar.asked("/token")) == 1


def test_an_answer_counts_in_the_browser_that_asked(shop: Shop, liar: Liar) -> None:
    back = liar.sent_back(shop.begin("op"))
    mine = shop.client.cookies["__Host-with-op"]
    for other in ("", "x", mine[::-1]):
        back = liar.sent_back(shop.begin("op"))
        shop.client.cookies.clear()
        if other:
            shop.client.cookies.set("__Host-with-op", other)
        nobody(shop, shop.come_back(back), "browser", "again")
    assert liar.asked("/token") == []


def test_an_answer_counts_for_ten_minutes(shop: Shop, liar: Liar) -> None:
    back = liar.sent_back(shop.begin("op"))
    shop.clock.ahead = 601.0
    nobody(shop, shop.come_back(back), "state", "again")


def test_the_cookie_is_read_by_nobody_else(shop: Shop, liar: Liar) -> None:
    answer = shop.client.get("/auth/with/op", follow_redirects=False)
    assert answer.headers["cache-control"] == "no-store"
    name, value, rest = answer.headers["set-cookie"].replace(";", "=", 1).split("=", 2)
    assert (name, len(value)) == ("__Host-with-op", 43)
    wanted = {"Max-Age=600", "Path=/", "Secure", "HttpOnly", "SameSite=Lax"}
    assert {one.strip() for one in rest.split(";")} == wanted
    asked = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{BASE}/auth/with/op/callback"
    assert value not in answer.headers["location"]


ODD = [
    "code=c&code=d&state=s",
    "code=c&state=s&state=t",
    "code=c",
    "state=s",
    "code=c&error=access_denied&state=s",
    "code=&state=s",
    "code=c&state=" + "s" * 5000,
    "code=c%00&state=s",
    "code=c%0d%0aX:y&state=s",
]


@pytest.mark.parametrize("query", ODD, ids=range(len(ODD)))
def test_no_odd_answer_is_read(lied_to: tuple[Shop, Liar], query: str) -> None:
    shop, _ = lied_to
    shop.client.cookies.clear()
    nobody(shop, shop.come_back(f"{BASE}/auth/with/op/callback?{query}"), "parameters")


def test_what_went_wrong_is_told_in_one_word(shop: Shop, liar: Liar) -> None:
    for error, why in (
        ("access_denied", "denied"),
        ("server_error", "failed"),
        ("<script>", "failed"),
    ):
        asked = dict(parse_qsl(urlsplit(shop.begin("op", next="/orders")).query))
        fields = {"error": error, "state": asked["state"], "error_description": "<b>call us</b>"}
        answer = shop.come_back(f"{asked['redirect_uri']}?{urlencode(fields)}")
        wanted = f"/sign-in?failed=1&provider=op&why={why}&next=%2Forders"
        assert answer.headers["location"] == wanted
    assert all("<" not in f"{event.message} {event.detail}" for event in shop.events)
    assert [event.detail.get("error") for event in shop.events][-1] is None


def test_the_issuer_of_an_answer_is_compared(liar: Liar) -> None:
    with opened(liar.provider()) as shop:
        nobody(shop, enter(shop, liar, query={"iss": "https://evil.example"}), "mix_up")
        assert enter(shop, liar, query={"iss": liar.issuer}).headers["location"] == "/"
    liar.metadata["authorization_response_iss_parameter_supported"] = True
    with opened(liar.provider()) as shop:
        nobody(shop, enter(shop, liar), "mix_up")
        assert enter(shop, liar, query={"iss": liar.issuer}).headers["location"] == "/"


def test_an_answer_of_one_provider_is_none_of_another(liar: Liar) -> None:
    with lying() as evil, opened(liar.provider("good"), evil.provider("evil")) as shop:
        # The browser was sent to the good one; the evil one wants the code at its own address.
        back = liar.sent_back(shop.begin("good"))
        query = urlsplit(back).query
        shop.client.cookies.set("__Host-with-evil", shop.client.cookies["__Host-with-good"])
        nobody(shop, shop.come_back(f"{BASE}/auth/with/evil/callback?{query}"), "mix_up")
        assert evil.asked("/token") == []
        # Sent to the evil one, which sends it on to the good one with its own state.
        state = dict(parse_qsl(urlsplit(shop.begin("evil")).query))["state"]
        shop.begin("good")
        fields = urlencode({"code": "c", "state": state})
        nobody(shop, shop.come_back(f"{BASE}/auth/with/good/callback?{fields}"), "browser", "again")
        assert liar.asked("/token") == []
        assert len({one.redirect_uri for one in shop.sign_in_with.connections.values()}) == 2


def test_a_code_is_redeemed_with_what_only_this_server_knows(shop: Shop, liar: Liar) -> None:
    where = shop.begin("op")
    back = liar.sent_back(where)
    liar.challenges.update(dict.fromkeys(liar.challenges, "another"))
    nobody(shop, shop.come_back(back), "refused")
    ((_, _, body),) = liar.asked("/token")
    form = dict(parse_qsl(body))
    assert len(form["code_verifier"]) == 43
    assert form["code_verifier"] not in where + back
    assert form["redirect_uri"] == f"{BASE}/auth/with/op/callback"


@pytest.mark.parametrize("onward", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_nothing_leads_to_another_site(shop: Shop, onward: str) -> None:
    for method, path in (
        ("GET", "/auth/with/op"),
        ("POST", "/auth/with/sign-out"),
    ):
        how = {"params" if method == "GET" else "data": {"next": onward}}
        answer = shop.client.request(method, path, follow_redirects=False, **how)  # type: ignore[arg-type]
        assert answer.status_code == 422


def test_a_picture_of_another_site_begins_nothing(shop: Shop) -> None:
    headers = {"sec-fetch-dest": "image", "sec-fetch-site": "cross-site"}
    assert shop.client.get("/auth/with/op", headers=headers).status_code == 400


def test_there_is_no_other_provider(shop: Shop) -> None:
    for path in ("other", "other/callback", "sign-out", "..%2fop"):
        assert shop.client.get(f"/auth/with/{path}").status_code in (404, 405, 422)
    form = {"code": "c", "state": "s"}
    assert shop.client.post("/auth/with/op/callback", data=form).status_code == 405


# Metadata: kept while the provider is down, never past one that is another's


def test_metadata_is_kept_for_a_day_and_asked_for_after_a_pause(shop: Shop, liar: Liar) -> None:
    place = "/.well-known/openid-configuration"
    shop.begin("op")
    shop.begin("op")
    assert len(liar.asked(place)) == 1
    liar.replies[place] = (503, {}, b"")
    shop.clock.ahead = 3601.0
    for _ in range(3):
        shop.begin("op")
    assert len(liar.asked(place)) == 2
    shop.clock.ahead = 3607.0
    shop.begin("op")
    assert len(liar.asked(place)) == 3
    shop.clock.ahead = 3601.0 + 86_400.0
    answer = shop.client.get("/auth/with/op", follow_redirects=False)
    assert shop.why(answer) == "unavailable"
    liar.replies.clear()
    shop.clock.ahead += 6.0
    shop.begin("op")


def test_metadata_that_became_anothers_is_not_gone_on_with(shop: Shop, liar: Liar) -> None:
    shop.begin("op")
    liar.metadata["issuer"] = "https://evil.example"
    shop.clock.ahead = 3601.0
    for _ in range(2):
        assert shop.client.get("/auth/with/op", follow_redirects=False).status_code == 303
        assert "__Host-with-op" in shop.client.cookies
    assert shop.reasons(EventKind.SIGN_IN_FAILED) == ["federated_issuer", "federated_unreachable"]


def test_metadata_of_oauth_is_found_too(liar: Liar) -> None:
    """RFC 8414, 3.1: the path of the issuer comes last."""
    liar.metadata["issuer"] = f"{liar.issuer}/tenant"
    raw = json.dumps(liar.metadata).encode()
    liar.replies["/.well-known/oauth-authorization-server/tenant"] = (200, {}, raw)
    from dataclasses import replace

    with opened(replace(liar.provider(), issuer=f"{liar.issuer}/tenant")) as shop:
        assert shop.begin("op").startswith(f"{liar.issuer}/authorize?")
    asked = [path for _, path, _, _ in liar.requests]
    assert asked == [
        "/tenant/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/tenant",
    ]


def test_no_other_site_ends_a_sign_in_that_is_under_way(shop: Shop, liar: Liar) -> None:
    back = liar.sent_back(shop.begin("op"))
    for query in ("", "?code=c&state=s", f"?code=c&state={'x' * 43}"):
        answer = shop.come_back(f"{BASE}/auth/with/op/callback{query}")
        assert "set-cookie" not in answer.headers
    assert shop.come_back(back).headers["location"] == "/"
    assert "__Host-with-op" not in shop.client.cookies


def test_no_token_comes_to_the_browser(liar: Liar) -> None:
    """ASVS 5.0 V10.1.1."""
    with opened(liar.provider(keep_tokens=True)) as shop:
        token = {"refresh_token": "the-refresh-token"}
        back = liar.sent_back(shop.begin("op"), token=token)
        (given,) = liar.tokens.values()
        answer = shop.come_back(back)
        said = f"{answer.headers} {answer.text} {shop.client.get('/auth/with').text}"
        assert shop.me().status_code == 200
    secrets = [given[name] for name in ("access_token", "refresh_token", "id_token")]
    told = f"{said} {shop.events}"
    assert [one for one in secrets if one in told] == []


def test_no_more_is_asked_for_than_who_somebody_is(liar: Liar) -> None:
    """ASVS 5.0 V10.2.3."""
    from buckler.guard import Provider

    with opened(Provider("op", issuer=liar.issuer, client_id=CLIENT)) as shop:
        asked = dict(parse_qsl(urlsplit(shop.begin("op")).query))
    assert asked["scope"] == "openid email"


def test_a_request_that_is_pushed_and_refused(liar: Liar) -> None:
    liar.metadata["pushed_authorization_request_endpoint"] = f"{liar.issuer}/par"
    good = json.dumps({"request_uri": "urn:x:1", "expires_in": 60}).encode()
    with opened(liar.provider()) as shop:
        for status, body, reason, why in (
            (400, b'{"error": "invalid_scope"}', "refused", "failed"),
            (503, b"", "unreachable", "unavailable"),
            (201, b"{}", "answer", "failed"),
            (201, json.dumps({"request_uri": "x" * 5000}).encode(), "answer", "failed"),
        ):
            liar.replies["/par"] = (status, {}, body)
            answer = shop.client.get("/auth/with/op?next=/x", follow_redirects=False)
            nobody(shop, answer, reason, why)
            (told,) = [e for e in shop.events if e.kind is EventKind.SIGN_IN_FAILED]
            assert told.detail.get("error") == ("invalid_scope" if status == 400 else None)
            shop.events.clear()
        liar.replies["/par"] = (201, {}, good)
        asked = dict(parse_qsl(urlsplit(shop.begin("op")).query))
        assert asked == {"client_id": CLIENT, "request_uri": "urn:x:1"}
    with opened(liar.provider(pushed=False)) as shop:
        assert "code_challenge" in shop.begin("op")
    liar.metadata["require_pushed_authorization_requests"] = True
    with opened(liar.provider(pushed=False)) as shop:
        assert "request_uri" in shop.begin("op")
    del liar.metadata["pushed_authorization_request_endpoint"]
    with opened(liar.provider()) as shop:
        answer = shop.client.get("/auth/with/op", follow_redirects=False)
        nobody(shop, answer, "metadata")

"""Accounts, attacked: what one credential must not do beyond itself, and what must not outlive a change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from buckler.guard import EventKind
from tests.guard.auth.shop import GOOD, OTHER, Shop, opened

ANN = "ann@shop.example"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with opened(tmp_path) as found:
        yield found


def user_of(shop: Shop, name: str = ANN) -> Any:
    return shop.in_loop(shop.guard.identities.stores.users.by_name, name)


def pair(shop: Shop, scope: str = "") -> Any:
    form = {"username": ANN, "password": GOOD, "scope": scope, "grant_type": "password"}
    return shop.client.post("/auth/token", data=form)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_basic_asks_for_a_verified_address_where_sign_in_does(tmp_path: Path) -> None:
    with opened(tmp_path, verified_only=True) as shop:
        shop.post("/sign-up", name=ANN, password=GOOD)
        assert shop.post("/sign-in", name=ANN, password=GOOD).status_code == 401
        assert shop.client.get("/auth/me", auth=(ANN, GOOD)).status_code == 401


def test_refresh_tokens_from_before_an_account_was_disabled_count_no_more(shop: Shop) -> None:
    shop.account()
    tokens = pair(shop).json()
    user = user_of(shop)
    shop.in_loop(shop.guard.identities.disable, user.id)
    shop.in_loop(shop.guard.identities.enable, user.id)
    answer = shop.post("/refresh", refresh_token=tokens["refresh_token"])
    assert answer.status_code == 401
    assert shop.client.get("/auth/me", headers=bearer(tokens["access_token"])).status_code == 401


def test_a_disabled_account_gets_no_tokens(shop: Shop) -> None:
    shop.account()
    tokens = pair(shop).json()
    shop.in_loop(shop.guard.identities.disable, user_of(shop).id)
    assert shop.post("/refresh", refresh_token=tokens["refresh_token"]).status_code == 401


def test_a_token_with_scopes_makes_no_key_without(shop: Shop) -> None:
    shop.account()
    shop.in_loop(shop.guard.identities.assign, user_of(shop).id, "boss")
    narrow = bearer(pair(shop, "orders:read").json()["access_token"])
    assert shop.client.get("/auth/me", headers=narrow).json()["permissions"] == ["orders:read"]
    for body in ({"name": "wide"}, {"name": "wide", "scopes": ["*"]}):
        answer = shop.client.post("/auth/keys", json=body, headers=narrow)
        assert answer.status_code == 403
    wide = bearer(pair(shop).json()["access_token"])
    made = shop.client.post("/auth/keys", json={"name": "mine"}, headers=wide)
    assert made.status_code == 201
    rotate = f"/auth/keys/{made.json()['id']}/rotate"
    assert shop.client.post(rotate, headers=narrow).status_code == 403


def test_a_key_does_not_sign_its_owner_out(shop: Shop) -> None:
    shop.account()
    shop.enter()
    key = shop.client.post("/auth/keys", json={"name": "k", "scopes": ["orders:read"]}).json()
    session = shop.client.get("/auth/sessions").json()[0]["id"]
    kept = {"Cookie": f"__Host-session={shop.client.cookies['__Host-session']}"}
    shop.client.cookies.clear()
    by_key = {"X-API-Key": key["key"]}
    for method, path in (
        ("GET", "/sessions"),
        ("GET", "/keys"),
        ("DELETE", f"/sessions/{session}"),
        ("DELETE", f"/keys/{key['id']}"),
        ("POST", "/sign-out/everywhere"),
    ):
        assert shop.client.request(method, f"/auth{path}", headers=by_key).status_code == 403, path
    assert shop.client.get("/auth/me", headers=kept).status_code == 200
    assert shop.client.get("/auth/me", headers=by_key).status_code == 200


@pytest.mark.parametrize("path", ["/sign-out", "/step-up"])
def test_a_session_is_found_in_each_header_of_cookies(shop: Shop, path: str) -> None:
    """HTTP/2 sends one for each (RFC 9113, 8.2.3)."""
    shop.account()
    shop.enter()
    value = shop.client.cookies["__Host-session"]
    shop.client.cookies.clear()
    split = [("Cookie", "a=b"), ("Cookie", f"__Host-session={value}"), ("Cookie", "c=d")]
    body = {"password": GOOD} if path == "/step-up" else {}
    assert shop.client.post(f"/auth{path}", json=body, headers=split).status_code == 200
    assert shop.client.get("/auth/me", headers=split).status_code == 401


def test_what_sign_out_ends_is_what_was_signed_in(shop: Shop) -> None:
    """Two readers of one header must not see two sessions (CWE-436)."""
    shop.account()
    shop.enter()
    value = shop.client.cookies["__Host-session"]
    shop.client.cookies.clear()
    quoted = {"Cookie": f'__Host-session="{value}"'}
    assert shop.client.get("/auth/me", headers=quoted).status_code == 401
    shop.client.post("/auth/sign-out", headers=quoted)
    plain = {"Cookie": f"__Host-session={value}"}
    assert shop.client.get("/auth/me", headers=plain).status_code == 200


@pytest.mark.parametrize("scope", ['a"b', "ä", "a\tb", "*", "x" * 5000, "orders:read x:y"])
def test_scopes_of_any_kind_are_answered(shop: Shop, scope: str) -> None:
    shop.account()
    answer = pair(shop, scope)
    assert answer.status_code in (200, 400, 422), answer.text


def test_a_key_is_rotated_where_there_are_as_many_as_may_be(shop: Shop) -> None:
    shop.account()
    shop.enter()
    for number in range(20):
        made = shop.client.post("/auth/keys", json={"name": str(number)})
        assert made.status_code == 201
    assert shop.client.post("/auth/keys", json={"name": "more"}).status_code == 409
    rotated = shop.client.post(f"/auth/keys/{made.json()['id']}/rotate")
    assert rotated.status_code == 201
    again = shop.client.post(f"/auth/keys/{rotated.json()['id']}/rotate")
    assert again.status_code == 409

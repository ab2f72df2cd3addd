"""Administration of accounts and roles by the ready-made routes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from buckler.guard import (
    EventKind,
)
from tests.guard.auth.shop import GOOD, Shop, opened


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with opened(tmp_path) as found:
        yield found


def administrator(shop: Shop, role: str) -> str:
    shop.account("boss@shop.example")
    user = shop.in_loop(shop.guard.identities.stores.users.by_name, "boss@shop.example")
    shop.in_loop(shop.guard.identities.assign, user.id, role)
    shop.enter("boss@shop.example")
    return str(user.id)


def test_administration_is_for_those_who_may(shop: Shop) -> None:
    shop.account()
    shop.enter()
    for method, path in (
        ("GET", "/users"),
        ("GET", "/roles"),
        ("POST", "/users/x/disable"),
        ("PUT", "/users/x/roles"),
        ("PUT", "/roles/x"),
        ("DELETE", "/roles/x"),
    ):
        answer = shop.client.request(method, f"/auth{path}", json={"role": "boss"})
        assert answer.status_code == 403, path


def test_administration(shop: Shop) -> None:
    shop.account()
    ann = shop.in_loop(shop.guard.identities.stores.users.by_name, "ann@shop.example").id
    boss = administrator(shop, "boss")
    listed = shop.client.get("/auth/users").json()
    assert [one["name"] for one in listed] == ["ann@shop.example", "boss@shop.example"]
    assert shop.client.put(f"/auth/users/{ann}/roles", json={"role": "clerk"}).status_code == 200
    assert shop.client.get(f"/auth/users/{ann}").json()["roles"] == ["clerk"]
    put = shop.client.put("/auth/roles/night", json={"permissions": ["orders:read"]})
    assert put.json() == {"name": "night", "permissions": ["orders:read"], "inherits": []}
    assert shop.client.put("/auth/roles/x", json={"permissions": ["a b"]}).status_code == 422
    unknown = shop.client.put("/auth/roles/x", json={"permissions": ["order:read"]})
    assert unknown.json()["errors"][0]["type"] == "unknown"
    circle = {"permissions": [], "inherits": ["y"]}
    assert shop.client.put("/auth/roles/y", json=circle).status_code == 422
    assert shop.client.delete("/auth/roles/night").status_code == 200
    assert shop.client.delete(f"/auth/users/{ann}/roles/clerk").status_code == 200
    pair = shop.post("/tokens", name="ann@shop.example", password=GOOD).json()
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    assert shop.post(f"/users/{ann}/disable").status_code == 200
    shop.client.cookies.clear()
    assert shop.client.get("/auth/me", headers=bearer).status_code == 401
    shop.enter("boss@shop.example")
    assert shop.post(f"/users/{boss}/disable").status_code == 409
    assert shop.client.delete(f"/auth/users/{boss}/roles/boss").status_code == 409
    assert shop.post("/users/nobody/disable").status_code == 404
    assert shop.post("/users/nobody/sign-out").status_code == 404
    changes = [e for e in shop.events if e.kind is EventKind.RIGHTS_CHANGED]
    assert {e.principal for e in changes[1:]} == {boss}


def test_nobody_gives_what_they_have_not(shop: Shop) -> None:
    shop.account()
    ann = shop.in_loop(shop.guard.identities.stores.users.by_name, "ann@shop.example").id
    boss = administrator(shop, "roles")
    for user in (ann, boss):
        answer = shop.client.put(f"/auth/users/{user}/roles", json={"role": "boss"})
        assert answer.status_code == 403
    more = {"permissions": ["roles:manage", "accounts:*", "orders:read"]}
    assert shop.client.put("/auth/roles/roles", json=more).status_code == 403
    through = {"permissions": [], "inherits": ["boss"]}
    assert shop.client.put("/auth/roles/new", json=through).status_code == 403
    assert shop.client.put(f"/auth/users/{ann}/roles", json={"role": "roles"}).status_code == 200

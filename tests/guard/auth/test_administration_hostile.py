"""Administrators who want more than they have: roles, patterns, accounts above themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.guard.auth.shop import GOOD, Shop, opened

ROLES = ["roles:manage", "accounts:read"]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with opened(tmp_path) as found:
        yield found


def account(shop: Shop, name: str, *roles: str) -> str:
    shop.account(name)
    identities = shop.guard.identities
    user = shop.in_loop(identities.stores.users.by_name, name)
    for role in roles:
        shop.in_loop(identities.assign, user.id, role)
    return str(user.id)


def role(shop: Shop, name: str, permissions: list[str], inherits: tuple[str, ...] = ()) -> None:
    async def put() -> None:
        await shop.guard.identities.put_role(name, permissions, inherits=inherits)

    shop.in_loop(put)


def rights(shop: Shop) -> Any:
    return shop.client.get("/auth/me").json()["permissions"]


def test_nobody_changes_a_role_that_gives_more_than_they_have(shop: Shop) -> None:
    role(shop, "staff", ROLES)
    account(shop, "hr@shop.example", "staff")
    shop.enter("hr@shop.example")
    assert shop.client.put("/auth/roles/boss", json={"permissions": []}).status_code == 403
    role(shop, "lead", ["orders:read", "orders:write"])
    assert shop.client.delete("/auth/roles/lead").status_code == 403


def test_nobody_takes_a_role_that_gives_more_than_they_have(shop: Shop) -> None:
    role(shop, "staff", ROLES)
    boss = account(shop, "boss@shop.example", "boss")
    other = account(shop, "other@shop.example", "staff")
    account(shop, "hr@shop.example", "staff")
    shop.enter("hr@shop.example")
    assert shop.client.delete(f"/auth/users/{boss}/roles/boss").status_code == 403
    assert shop.client.delete(f"/auth/users/{other}/roles/staff").status_code == 200


def test_nobody_gets_more_by_dropping_a_role_that_narrows_one_in_code(shop: Shop) -> None:
    role(shop, "clerk", ["roles:manage"])
    role(shop, "own", ["roles:manage"])
    role(shop, "through", [], ("clerk",))
    account(shop, "hr@shop.example", "own", "through")
    shop.enter("hr@shop.example")
    assert rights(shop) == ["roles:manage"]
    assert shop.client.delete("/auth/roles/clerk").status_code == 403
    assert rights(shop) == ["roles:manage"]


@pytest.mark.parametrize("pattern", ["*", "payouts:*", "orders:*"])
def test_a_pattern_is_given_by_those_who_have_it(shop: Shop, pattern: str) -> None:
    """What it stands for today may be nothing, and all payouts after the next release."""
    role(shop, "staff", [*ROLES, "orders:read", "accounts:manage"])
    hr = account(shop, "hr@shop.example", "staff")
    shop.enter("hr@shop.example")
    body = {"permissions": [pattern]}
    assert shop.client.put("/auth/roles/new", json=body).status_code == 403
    role(shop, "later", [pattern])
    answer = shop.client.put(f"/auth/users/{hr}/roles", json={"role": "later"})
    assert answer.status_code == 403


@pytest.mark.parametrize("pattern", ["*", "payouts:*", "orders:read"])
def test_whoever_has_all_gives_any_pattern(shop: Shop, pattern: str) -> None:
    account(shop, "boss@shop.example", "boss")
    shop.enter("boss@shop.example")
    answer = shop.client.put("/auth/roles/new", json={"permissions": [pattern]})
    assert answer.status_code == 200


def test_a_token_with_scopes_gives_no_more_than_they_say(shop: Shop) -> None:
    account(shop, "boss@shop.example", "boss")
    form = {"username": "boss@shop.example", "password": GOOD, "scope": "roles:* orders:read"}
    token = shop.client.post("/auth/token", data=form).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    for pattern, status in (("*", 403), ("orders:*", 403), ("orders:read", 200), ("roles:*", 200)):
        body = {"permissions": [pattern]}
        answer = shop.client.put("/auth/roles/new", json=body, headers=headers)
        assert answer.status_code == status, pattern
        shop.in_loop(shop.guard.identities.drop_role, "new")


@pytest.mark.parametrize("change", ["put", "drop"])
def test_the_last_administrator_does_not_lock_everybody_out(shop: Shop, change: str) -> None:
    role(shop, "chief", ["*"])
    account(shop, "boss@shop.example", "chief")
    shop.enter("boss@shop.example")
    if change == "put":
        answer = shop.client.put("/auth/roles/chief", json={"permissions": ["orders:read"]})
    else:
        answer = shop.client.delete("/auth/roles/chief")
    assert answer.status_code == 409
    assert "roles:manage" in rights(shop)


@pytest.mark.parametrize("name", ["%00", "a%0Ab", "%E2%80%AE"])
def test_what_is_no_name_of_a_role_is_refused(shop: Shop, name: str) -> None:
    boss = account(shop, "boss@shop.example", "boss")
    shop.enter("boss@shop.example")
    for method, path in (
        ("PUT", f"/roles/{name}"),
        ("DELETE", f"/roles/{name}"),
        ("DELETE", f"/users/{boss[:-1]}/roles/{name}"),
    ):
        answer = shop.client.request(method, f"/auth{path}", json={"permissions": []})
        assert answer.status_code == 422, path


def test_an_account_that_administers_more_is_left_alone(shop: Shop) -> None:
    role(shop, "help", ["accounts:read", "accounts:manage"])
    boss = account(shop, "boss@shop.example", "boss")
    clerk = account(shop, "clerk@shop.example", "clerk")
    account(shop, "help@shop.example", "help")
    shop.enter("help@shop.example")
    for what in ("disable", "sign-out", "enable"):
        assert shop.post(f"/users/{boss}/{what}").status_code == 403
        assert shop.post(f"/users/{clerk}/{what}").status_code == 200
    assert shop.in_loop(shop.guard.identities.user, boss).disabled is False

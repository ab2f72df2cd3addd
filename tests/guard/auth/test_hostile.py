"""Accounts, attacked: what one credential must not do beyond itself, and what must not outlive a change."""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from buckler.guard.auth import credentials
from buckler.guard.auth.mfa.totp import hotp, step_at
from tests.guard.auth.shop import GOOD, OTHER, Shop, bearer, opened, pair

ANN = "ann@shop.example"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with opened(tmp_path) as found:
        yield found


def user_of(shop: Shop, name: str = ANN) -> Any:
    return shop.in_loop(shop.guard.identities.stores.users.by_name, name)


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


def with_second_factor(shop: Shop) -> tuple[str, ...]:
    """An account with an authenticator app; its recovery codes."""
    shop.account()
    factors = shop.guard.identities.factors

    async def enrol() -> tuple[str, ...]:
        user = await shop.guard.identities.stores.users.by_name(ANN)
        assert user is not None
        setup = await factors.begin_totp(user)
        padded = setup.secret + "=" * (-len(setup.secret) % 8)
        code = hotp(base64.b32decode(padded), step_at(time.time()))
        return await factors.confirm_totp(user, code)

    found: tuple[str, ...] = shop.in_loop(enrol)
    return found


def test_basic_is_no_way_past_a_second_factor(shop: Shop) -> None:
    shop.account()
    assert shop.client.get("/auth/me", auth=(ANN, GOOD)).status_code == 200
    shop.in_loop(shop.guard.identities.stores.users.remove, user_of(shop).id)
    with_second_factor(shop)
    for _ in range(2):  # the pair is remembered after the first
        assert shop.client.get("/auth/me", auth=(ANN, GOOD)).status_code == 401


@pytest.mark.parametrize("path", ["/sign-in", "/tokens"])
def test_the_first_step_of_a_sign_in_ends_with_all_others(shop: Shop, path: str) -> None:
    codes = with_second_factor(shop)
    before = shop.post(path, name=ANN, password=GOOD).json()["ticket"]
    shop.in_loop(shop.guard.identities.sign_out_everywhere, user_of(shop).id)
    assert shop.post("/second-factor", ticket=before, code=codes[0]).status_code == 401
    after = shop.post(path, name=ANN, password=GOOD).json()["ticket"]
    assert shop.post("/second-factor", ticket=after, code=codes[0]).status_code == 200


@pytest.mark.parametrize("path", ["/sign-in", "/tokens"])
def test_a_sign_in_that_is_under_way_ends_with_all_others(shop: Shop, path: str) -> None:
    """The password was right when it was checked, and was changed before the session was there."""
    shop.account()
    identities = shop.guard.identities
    service: Any = identities.sessions if path == "/sign-in" else identities.tokens
    begin = service.begin

    async def late(user_id: str, **more: Any) -> Any:
        await identities.sign_out_everywhere(user_id)
        return await begin(user_id, **more)

    service.begin = late
    assert shop.post(path, name=ANN, password=GOOD).status_code == 401
    user = user_of(shop)
    assert shop.in_loop(identities.sessions.of, user.id) == []
    assert shop.in_loop(identities.tokens.of, user.id) == []
    service.begin = begin
    assert shop.post(path, name=ANN, password=GOOD).status_code == 200


def test_an_account_has_no_more_sign_ins_of_programs_than_may_be(shop: Shop) -> None:
    shop.account()
    shop.guard.identities.tokens._most = 2
    made = [pair(shop).json() for _ in range(4)]
    counts = [
        shop.client.get("/auth/me", headers=bearer(one["access_token"])).status_code for one in made
    ]
    assert counts == [401, 401, 200, 200]
    assert shop.post("/refresh", refresh_token=made[0]["refresh_token"]).status_code == 401
    assert shop.post("/refresh", refresh_token=made[3]["refresh_token"]).status_code == 200


def test_clocks_of_workers_that_differ_end_no_new_sign_in(shop: Shop) -> None:
    """Signed out everywhere by one whose clock is five seconds ahead, signed in by another."""
    shop.account()
    users, user_id = shop.guard.identities.stores.users, user_of(shop).id
    assert shop.in_loop(lambda: users.set_state(user_id, valid_from=time.time() + 5.0))
    shop.enter()
    assert shop.client.get("/auth/me").status_code == 200
    tokens = pair(shop).json()
    assert shop.post("/refresh", refresh_token=tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("name", ["\x00", "a\nb", "\u202e"])
def test_a_name_of_a_key_is_one_that_people_see(shop: Shop, name: str) -> None:
    shop.account()
    shop.enter()
    assert shop.client.post("/auth/keys", json={"name": name}).status_code == 422
    assert shop.client.post("/auth/keys", json={"name": "Büro 1"}).status_code == 201


def test_what_is_shown_of_credentials_holds_none(shop: Shop) -> None:
    """Objects are written to logs and tracebacks (CWE-532)."""
    identities = shop.guard.identities
    shop.account()
    user = user_of(shop)
    key = shop.in_loop(identities.keys.issue, user.id, "k")
    made = shop.in_loop(lambda: identities.tokens.rotation.begin(user.id))
    scope = {
        "type": "http",
        "headers": [
            (b"authorization", b"Bearer geheim-1"),
            (b"cookie", b"__Host-session=geheim-2"),
        ],
        "client": None,
    }
    shown = repr((user, key, made, credentials.read(scope)))
    assert key.key not in shown
    assert made.token not in shown
    assert user.password not in shown
    assert "geheim" not in shown


def test_no_log_and_no_event_holds_what_signs_in(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        codes = with_second_factor(shop)
        first = shop.post("/sign-in", name=ANN, password=GOOD).json()
        shop.post("/second-factor", ticket=first["ticket"], code="000000")
        shop.post("/second-factor", ticket=first["ticket"], code=codes[0])
        cookie = shop.client.cookies["__Host-session"]
        key = shop.client.post("/auth/keys", json={"name": "k"}).json()["key"]
        again = shop.post("/tokens", name=ANN, password=GOOD).json()
        tokens = shop.post("/second-factor", ticket=again["ticket"], code=codes[1]).json()
        shop.post("/refresh", refresh_token=tokens["refresh_token"])
        shop.post("/sign-in", name=ANN, password=OTHER)
        shop.client.get("/orders", headers={"X-API-Key": key[:-1] + "x"})
    told = caplog.text + repr(shop.events)
    secrets = (GOOD, OTHER, cookie, key, codes[0], first["ticket"], *tokens.values())
    for secret in secrets:
        if isinstance(secret, str) and secret != "Bearer":
            assert secret not in told, secret[:8]

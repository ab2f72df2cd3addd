"""The ready-made routes, from sign-up to administration, on a file of SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from buckler.guard import (
    EventKind,
    MailKind,
)
from tests.guard.auth.shop import GOOD, OTHER, Shop, opened


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with opened(tmp_path) as found:
        yield found


def test_from_sign_up_to_sign_out(shop: Shop) -> None:
    assert shop.client.get("/auth/me").status_code == 401
    shop.account("Ann@Shop.Example")
    shop.enter("ann@shop.EXAMPLE")
    me = shop.client.get("/auth/me").json()
    assert (me["name"], me["verified"], me["permissions"]) == ("ann@shop.example", True, [])
    out = shop.post("/sign-out")
    assert out.headers["clear-site-data"] == '"cache", "storage"'
    assert shop.client.get("/auth/me").status_code == 401
    assert shop.reasons(EventKind.SIGN_IN_SUCCEEDED) == ["password"]
    assert shop.reasons(EventKind.SIGNED_OUT) == ["session"]


def test_the_cookie_is_one_that_nobody_else_reads_or_sets(shop: Shop) -> None:
    shop.account()
    answer = shop.post("/sign-in", name="ann@shop.example", password=GOOD)
    cookies = answer.headers.get_list("set-cookie")
    assert [cookie.partition("=")[0] for cookie in cookies] == ["__Host-session", "__Host-device"]
    for cookie in cookies:
        parts = set(cookie.split("; ")[1:])
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= parts
    assert answer.headers["cache-control"] == "no-store"


def test_a_session_that_was_there_before_is_not_gone_on_with(shop: Shop) -> None:
    shop.account()
    shop.enter()
    before = shop.client.cookies["__Host-session"]
    shop.enter()
    assert shop.client.cookies["__Host-session"] != before
    old = {"Cookie": f"__Host-session={before}"}
    shop.client.cookies.clear()
    assert shop.client.get("/auth/me", headers=old).status_code == 401


@pytest.mark.parametrize("path", ["/sign-in", "/tokens"])
def test_the_answer_is_the_same_whoever_it_is(shop: Shop, path: str) -> None:
    shop.account()
    shop.account("gone@shop.example")
    gone = shop.in_loop(shop.guard.identities.stores.users.by_name, "gone@shop.example")
    shop.in_loop(shop.guard.identities.disable, gone.id)
    answers = [
        shop.post(path, name=name, password=password)
        for name, password in (
            ("ann@shop.example", OTHER),
            ("nobody@shop.example", GOOD),
            ("gone@shop.example", GOOD),
        )
    ]
    shown = [
        (
            one.status_code,
            {k: v for k, v in one.json().items() if k != "incident"},
            {k: v for k, v in one.headers.items() if k not in ("ratelimit",)},
        )
        for one in answers
    ]
    assert shown[0][0] == 401
    assert shown[0] == shown[1] == shown[2]


def test_sign_up_tells_nobody_who_has_an_account(shop: Shop) -> None:
    shop.account()
    again = shop.post("/sign-up", name="ann@shop.example", password=OTHER)
    new = shop.post("/sign-up", name="new@shop.example", password=OTHER)
    assert (
        (again.status_code, again.json())
        == (new.status_code, new.json())
        == (202, {"detail": "ok"})
    )
    assert shop.mail(MailKind.NAME_TAKEN).to == "ann@shop.example"
    assert shop.post("/sign-in", name="ann@shop.example", password=OTHER).status_code == 401


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"name": "a@b.example", "password": "kurz5"}, "too_short"),
        ({"name": "a@b.example", "password": "passwordpassword"}, "default"),
        ({"name": "a\x00@b.example", "password": GOOD}, "characters"),
    ],
)
def test_what_may_not_be_is_said_so_that_it_helps(
    shop: Shop, body: dict[str, str], kind: str
) -> None:
    answer = shop.post("/sign-up", **body)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["type"] == kind
    assert body["password"] not in answer.text


def test_unknown_fields_and_long_texts_are_refused(shop: Shop) -> None:
    assert shop.post("/sign-up", name="a", password=GOOD, roles=["boss"]).status_code == 422
    assert shop.post("/sign-in", name="a" * 321, password=GOOD).status_code == 422
    assert shop.post("/sign-in", name="a", password="x" * 1025).status_code == 422
    assert shop.post("/refresh", refresh_token="x" * 501).status_code == 422


def test_reset_ends_what_was_signed_in(shop: Shop) -> None:
    shop.account()
    shop.enter()
    pair = shop.post("/tokens", name="ann@shop.example", password=GOOD).json()
    assert shop.post("/password/reset/request", name="ann@shop.example").status_code == 202
    assert shop.post("/password/reset/request", name="nobody@x.example").status_code == 202
    token = shop.mail(MailKind.RESET).token
    assert shop.post("/password/reset", token="x" * 43, password=OTHER).status_code == 400
    assert shop.post("/password/reset", token=token, password="short").status_code == 422
    assert shop.post("/password/reset", token=token, password=OTHER).status_code == 200
    assert shop.post("/password/reset", token=token, password=OTHER).status_code == 400
    assert shop.client.get("/auth/me").status_code == 401
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    assert shop.client.get("/auth/me", headers=bearer).status_code == 401
    assert shop.post("/refresh", refresh_token=pair["refresh_token"]).status_code == 401
    assert shop.post("/sign-in", name="ann@shop.example", password=GOOD).status_code == 401
    shop.enter(password=OTHER)


def test_change_of_the_password_ends_other_sign_ins(shop: Shop) -> None:
    shop.account()
    shop.enter()
    elsewhere = {"Cookie": f"__Host-session={shop.client.cookies['__Host-session']}"}
    shop.client.cookies.clear()
    shop.enter()
    wrong = shop.post("/password", current_password=OTHER, password=OTHER)
    assert wrong.status_code == 403
    done = shop.post("/password", current_password=GOOD, password=OTHER)
    assert done.status_code == 200
    assert shop.client.get("/auth/me").status_code == 200
    shop.client.cookies.clear()
    assert shop.client.get("/auth/me", headers=elsewhere).status_code == 401
    shop.enter(password=OTHER)


def test_tokens_are_refreshed_and_a_stolen_one_ends_the_family(shop: Shop) -> None:
    shop.account()
    first = shop.post("/tokens", name="ann@shop.example", password=GOOD).json()
    assert first["token_type"] == "Bearer"
    second = shop.post("/refresh", refresh_token=first["refresh_token"]).json()
    lost = shop.post("/refresh", refresh_token=first["refresh_token"])
    assert lost.status_code == 200  # the answer may have been lost
    third = shop.post("/refresh", refresh_token=second["refresh_token"]).json()
    bearer = {"Authorization": f"Bearer {third['access_token']}"}
    assert shop.client.get("/auth/me", headers=bearer).status_code == 200
    assert shop.post("/refresh", refresh_token=first["refresh_token"]).status_code == 401
    assert shop.client.get("/auth/me", headers=bearer).status_code == 401
    assert shop.post("/refresh", refresh_token=third["refresh_token"]).status_code == 401
    assert shop.reasons(EventKind.TOKEN_REUSED) == ["reused"]


def test_signing_out_ends_the_access_token_too(shop: Shop) -> None:
    shop.account()
    pair = shop.post("/tokens", name="ann@shop.example", password=GOOD).json()
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    assert shop.client.get("/auth/me", headers=bearer).status_code == 200
    for token in (pair["refresh_token"], pair["refresh_token"], "nonsense"):
        assert shop.post("/sign-out/token", refresh_token=token).json() == {"detail": "ok"}
    assert shop.client.get("/auth/me", headers=bearer).status_code == 401


def test_the_form_of_oauth_narrows_scopes(shop: Shop) -> None:
    shop.account()
    user = shop.in_loop(shop.guard.identities.stores.users.by_name, "ann@shop.example")
    shop.in_loop(shop.guard.identities.assign, user.id, "clerk")
    form = {"username": "ann@shop.example", "password": GOOD, "scope": "accounts:read"}
    token = shop.client.post("/auth/token", data=form).json()["access_token"]
    me = shop.client.get("/auth/me", headers={"Authorization": f"Bearer {token}"}).json()
    assert me["roles"] == ["clerk"]
    assert me["permissions"] == []  # of what it asked for the account has nothing


def test_sessions_are_listed_and_ended_one_by_one(shop: Shop) -> None:
    shop.account()
    shop.account("bob@shop.example")
    shop.enter("bob@shop.example")
    bobs = shop.client.get("/auth/sessions").json()[0]["id"]
    shop.client.cookies.clear()
    shop.post("/tokens", name="ann@shop.example", password=GOOD)
    shop.enter()
    listed = shop.client.get("/auth/sessions").json()
    assert sorted((one["kind"], one["current"]) for one in listed) == [
        ("browser", True),
        ("tokens", False),
    ]
    assert shop.client.delete(f"/auth/sessions/{bobs}").status_code == 404
    for one in sorted(listed, key=lambda one: one["current"]):
        assert shop.client.delete(f"/auth/sessions/{one['id']}").status_code == 200
    assert shop.client.get("/auth/me").status_code == 401


def test_everywhere(shop: Shop) -> None:
    shop.account()
    pair = shop.post("/tokens", name="ann@shop.example", password=GOOD).json()
    shop.enter()
    key = shop.post("/keys", name="ci").json()["key"]
    assert shop.post("/sign-out/everywhere").status_code == 200
    shop.client.cookies.clear()
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    assert shop.client.get("/auth/me", headers=bearer).status_code == 401
    assert shop.client.get("/auth/me", headers={"X-API-Key": key}).status_code == 200


def test_keys_are_shown_once_and_rotated(shop: Shop) -> None:
    shop.account()
    shop.enter()
    made = shop.post("/keys", name="ci", scopes=["orders:read"], days=30).json()
    assert made["key"].startswith("bk_")
    assert made["hint"] == made["key"][:7]
    (listed,) = shop.client.get("/auth/keys").json()
    assert made["key"] not in str(listed)
    turned = shop.post(f"/keys/{made['id']}/rotate").json()
    for key in (made["key"], turned["key"]):  # both, for a day
        assert shop.client.get("/auth/me", headers={"X-API-Key": key}).status_code == 200
    assert shop.client.delete(f"/auth/keys/{turned['id']}").status_code == 200
    answer = shop.client.get("/auth/me", headers={"X-API-Key": turned["key"]})
    assert answer.status_code == 401
    assert shop.client.delete(f"/auth/keys/{turned['id']}").status_code == 404
    assert shop.post("/keys", name="x", scopes=["a b"]).status_code == 422


def test_a_key_makes_no_key(shop: Shop) -> None:
    shop.account()
    shop.enter()
    key = shop.post("/keys", name="ci").json()["key"]
    shop.client.cookies.clear()
    made = shop.client.post("/auth/keys", json={"name": "more"}, headers={"X-API-Key": key})
    assert made.status_code == 403


def test_basic_is_taken_over_https(shop: Shop) -> None:
    shop.account()
    assert shop.client.get("/auth/me", auth=("ann@shop.example", GOOD)).status_code == 200
    wrong = shop.client.get("/auth/me", auth=("ann@shop.example", OTHER))
    assert wrong.status_code == 401
    assert "Basic" in wrong.headers["www-authenticate"]
    plain = TestClient(shop.client.app, base_url="http://testserver", client=("203.0.113.9", 5))
    with shop.guard.rated(None):
        answer = plain.get("/auth/me", auth=("ann@shop.example", GOOD))
    assert answer.status_code == 401
    assert "plain_http" in shop.reasons(EventKind.TOKEN_REFUSED)


def test_other_sites_cannot_use_the_session(shop: Shop) -> None:
    shop.account()
    shop.enter()
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    for path in ("/auth/sign-out", "/auth/keys", "/auth/password", "/auth/sign-in"):
        answer = shop.client.post(path, json={"name": "x"}, headers=foreign)
        assert answer.status_code == 403, path


def test_guesses_are_bounded_by_rate(shop: Shop) -> None:
    with shop.guard.rated("3/minute"):
        statuses = [
            shop.post("/sign-in", name="ann@shop.example", password=OTHER).status_code
            for _ in range(5)
        ]
    assert statuses == [401, 401, 401, 429, 429]


def test_guesses_wait_longer_and_longer(shop: Shop) -> None:
    shop.account()
    for _ in range(8):
        assert shop.post("/sign-in", name="ann@shop.example", password=OTHER).status_code == 401
    # The right password is refused in the same words now; the account's own browser would pass.
    assert shop.post("/sign-in", name="ann@shop.example", password=GOOD).status_code == 401
    assert shop.reasons(EventKind.SIGN_IN_LOCKED)

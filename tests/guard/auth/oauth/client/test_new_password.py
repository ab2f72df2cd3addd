"""A session that a provider began, and a new password: it still ends with the sign-in there (Back-Channel Logout 1.0, 2.7)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from buckler.guard import SqlStores
from tests.guard.auth.oauth.client.liar import Liar
from tests.guard.auth.oauth.client.people import account as new_account
from tests.guard.auth.oauth.client.people import by_password, enter, opened
from tests.guard.auth.oauth.client.shop import GOOD, Shop, onward
from tests.guard.auth.oauth.client.test_rp_plans import log_out

SUBJECT = {"sub": "elsewhere", "sid": "there"}


@pytest.fixture(params=["memory", "sqlite"])
def shop(liar: Liar, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """With somebody who has a password, and a provider; signed in by that one."""
    kept = f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}"
    database = SqlStores(kept, create=True) if request.param == "sqlite" else None
    with opened(liar.provider(), database=database) as found:
        new_account(found, verified=True)
        by_password(found)
        where = found.client.post("/auth/with/op/link", follow_redirects=False)
        found.come_back(liar.sent_back(onward(where), lies=SUBJECT))
        found.client.cookies.clear()
        enter(found, liar, **SUBJECT)
        assert found.me().status_code == 200
        yield found


def change(shop: Shop) -> None:
    body = {"current_password": GOOD, "password": GOOD[::-1]}
    answer = shop.client.post("/auth/password", json=body)
    assert answer.status_code == 200, answer.text


def test_the_session_ends_with_the_one_at_the_provider(shop: Shop, liar: Liar) -> None:
    before = shop.client.cookies["__Host-session"]
    change(shop)
    assert shop.me().status_code == 200 and shop.client.cookies["__Host-session"] != before
    assert log_out(shop, liar, sub=SUBJECT["sub"]) == 200
    assert shop.me().status_code == 401


def test_the_cookie_from_before_is_no_session(shop: Shop) -> None:
    before = shop.client.cookies["__Host-session"]
    change(shop)
    shop.client.cookies.clear()
    shop.client.cookies.set("__Host-session", before)
    assert shop.me().status_code == 401


def test_the_link_lasts_as_long_as_the_session(shop: Shop, liar: Liar) -> None:
    sessions, store = shop.guard.identities.sessions, shop.guard.identities.stores.external_sessions
    before = max(one.expires for one in shop.do(sessions.of, shop.me().json()["id"]))
    change(shop)
    (session,) = shop.do(sessions.of, shop.me().json()["id"])
    found = shop.do(store.find, session.id)
    assert found is not None and found.expires >= session.expires > before
    assert found.sid == SUBJECT["sid"]
    # What signs out here is known at the provider.
    assert shop.do(shop.sign_in_with.sessions.begun_by, session.id)[0] == "op"

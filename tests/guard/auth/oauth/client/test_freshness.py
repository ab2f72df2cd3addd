"""When somebody signed in, and how: second factors, step-up, sessions that are old or gone."""

from __future__ import annotations

from collections.abc import Iterator

import pyotp
import pytest

from buckler.guard import EventKind, GuardError, SignInWith
from tests.guard.auth.oauth.client.liar import Liar
from tests.guard.auth.oauth.client.people import account, by_password, enter, opened
from tests.guard.auth.oauth.client.shop import Shop, onward


@pytest.fixture
def shop(liar: Liar) -> Iterator[Shop]:
    with opened(liar.provider()) as found:
        yield found


def test_a_session_that_is_old_links_nothing(shop: Shop, liar: Liar) -> None:
    account(shop, verified=True)
    by_password(shop)
    (session,) = shop.do(shop.guard.identities.stores.sessions.of, shop.me().json()["id"])
    from dataclasses import replace

    older = replace(session, authenticated=session.authenticated - 400.0)
    shop.do(shop.guard.identities.stores.sessions.rotate, session.digest, older)
    answer = shop.client.post("/auth/with/op/link", follow_redirects=False)
    assert answer.status_code == 401
    assert "insufficient_user_authentication" in answer.headers["www-authenticate"]
    assert shop.client.post("/auth/with/op/unlink").status_code == 401


def test_a_session_that_ended_meanwhile_links_nothing(shop: Shop, liar: Liar) -> None:
    mine = account(shop, verified=True)
    by_password(shop)
    where = shop.client.post("/auth/with/op/link", follow_redirects=False)
    shop.do(shop.guard.identities.sign_out_everywhere, mine)
    answer = shop.come_back(liar.sent_back(onward(where)))
    assert shop.why(answer) == "again"
    assert shop.do(shop.sign_in_with.linking.of, mine) == []


@pytest.mark.parametrize("how", ["form", "script"])
def test_the_second_factor_is_asked_for(shop: Shop, liar: Liar, how: str) -> None:
    account(shop, verified=True)
    by_password(shop)
    where = shop.client.post("/auth/with/op/link", follow_redirects=False)
    shop.come_back(liar.sent_back(onward(where)))
    app = pyotp.TOTP(shop.client.post("/auth/factors/totp").json()["secret"])
    code = app.now()
    codes = shop.client.post("/auth/factors/totp/confirm", json={"code": code}).json()
    shop.client.cookies.clear()
    answer = enter(shop, liar, sid="there")
    assert answer.headers["location"] == "/sign-in?step=code&next=%2F"
    assert shop.me().status_code == 401
    shown = {"code": codes["recovery_codes"][0]}
    if how == "form":
        done = shop.client.post("/auth/second-factor/form", data=shown, follow_redirects=False)
        assert done.headers["location"] == "/"
    else:
        shown["ticket"] = shop.client.cookies["__Host-second-factor"]
        done = shop.client.post("/auth/second-factor", json=shown)
        assert done.json()["status"] == "signed_in"
    assert shop.me().json()["factors"] == ["federated", "recovery"]
    # The provider ends a session that a second factor came in between, too.
    assert shop.do(shop.sign_in_with.sessions.end, "back_channel", liar.issuer, sid="there") != []
    assert shop.me().status_code == 401


def test_when_somebody_signed_in_elsewhere_is_what_counts(shop: Shop, liar: Liar) -> None:
    long_ago = int(shop.clock()) - 4000
    enter(shop, liar, auth_time=long_ago)
    assert shop.me().json()["authenticated"] == long_ago
    assert shop.client.post("/auth/with/op/unlink").status_code == 401
    step = shop.client.post("/auth/with/op/step-up", data={"next": "/go"}, follow_redirects=False)
    asked = onward(step)
    assert "max_age=0" in asked and "prompt=login" in asked
    # A provider that did not ask again is not believed.
    old = shop.come_back(liar.sent_back(asked, lies={"auth_time": long_ago}))
    assert shop.why(old) == "failed"
    for lies, why in (({}, "failed"), ({"sub": "bob", "auth_time": int(shop.clock())}, "failed")):
        step = shop.client.post("/auth/with/op/step-up", follow_redirects=False)
        answer = shop.come_back(liar.sent_back(onward(step), lies=lies))
        assert shop.why(answer) == why
    assert shop.me().json()["authenticated"] == long_ago
    before = shop.client.cookies["__Host-session"]
    step = shop.client.post("/auth/with/op/step-up", follow_redirects=False)
    fresh = {"auth_time": int(shop.clock())}
    answer = shop.come_back(liar.sent_back(onward(step), lies=fresh))
    assert answer.headers["location"] == "/"
    assert shop.client.cookies["__Host-session"] != before
    assert shop.me().json()["authenticated"] > long_ago + 3000
    assert shop.reasons(EventKind.SIGN_IN_FAILED) == [
        "federated_auth_time",
        "federated_auth_time",
        "federated_other_account",
    ]


def test_a_class_of_sign_in_is_demanded(liar: Liar) -> None:
    with opened(liar.provider(acr=["gold"], max_age=60.0)) as shop:
        now = {"auth_time": int(shop.clock())}
        assert shop.why(enter(shop, liar, acr="silver", **now)) == "failed"
        assert shop.why(enter(shop, liar, acr="gold")) == "failed"
        assert enter(shop, liar, acr="gold", **now).headers["location"] == "/"
        reasons = shop.reasons(EventKind.SIGN_IN_FAILED)
        assert reasons == ["federated_acr", "federated_auth_time"]


def test_what_is_missing_is_said_at_the_start(liar: Liar) -> None:
    without = opened(liar.provider(), policy={"ways": ["bearer"]})
    with pytest.raises(GuardError, match="an address to come back to"), without:
        pass
    plain = opened(liar.provider(), policy={"base_url": "http://shop.example"})
    with pytest.raises(GuardError, match="https"), plain:
        pass
    with pytest.raises(GuardError, match="two providers"), opened(liar.provider(), liar.provider()):
        pass
    with pytest.raises(GuardError, match="no provider"), opened():
        pass
    with opened(liar.provider()) as shop, pytest.raises(GuardError, match="already"):
        SignInWith(shop.guard.identities, liar.provider("other"))


def test_who_has_a_second_factor_links_by_a_session_that_showed_it(shop: Shop, liar: Liar) -> None:
    account(shop, verified=True)
    by_password(shop)
    old = shop.client.cookies["__Host-session"]
    shop.client.cookies.clear()
    by_password(shop)
    app = pyotp.TOTP(shop.client.post("/auth/factors/totp").json()["secret"])
    assert shop.client.post("/auth/factors/totp/confirm", json={"code": app.now()}).json()
    shop.client.cookies.clear()
    shop.client.cookies.set("__Host-session", old)
    assert shop.me().status_code == 200
    for path in ("link", "unlink"):
        answer = shop.client.post(f"/auth/with/op/{path}", follow_redirects=False)
        assert answer.status_code == 401


def test_nobody_steps_up_as_somebody_else(shop: Shop, liar: Liar) -> None:
    enter(shop, liar, sub="bob")
    shop.client.cookies.clear()
    enter(shop, liar, auth_time=int(shop.clock()) - 4000)
    before = shop.me().json()
    step = shop.client.post("/auth/with/op/step-up", follow_redirects=False)
    lies = {"sub": "bob", "auth_time": int(shop.clock())}
    assert shop.why(shop.come_back(liar.sent_back(onward(step), lies=lies))) == "failed"
    assert shop.reasons(EventKind.SIGN_IN_FAILED) == ["federated_other_account"]
    assert shop.me().json() == before

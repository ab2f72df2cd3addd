"""The routes of second factors in a real application: setting up, stepping up, signing in, resetting."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyotp
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from buckler.guard import AuthPolicy, EventKind, Guard, MemoryStores, requires
from buckler.guard.auth.session import digest
from tests.guard.access.shop import SECRET
from tests.guard.auth.mfa.authenticator import Authenticator, b64
from tests.guard.auth.shop import GOOD, Shop, opened

COOKIE = "__Host-session"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with opened(tmp_path) as found:
        found.account()
        found.enter()
        yield found


def code(uri: str, steps: int) -> str:
    """What an app shows, so many steps from now: each counts once, later ones after earlier ones alone.

    Of this step and the next one alone: one before may be two before when it arrives.
    """
    return str(pyotp.parse_uri(uri).at(int(time.time()) + steps * 30))


def set_up(shop: Shop) -> tuple[str, list[str]]:
    """An authenticator app for whoever is signed in: its address, and recovery codes."""
    made = shop.post("/factors/totp")
    assert made.status_code == 201
    answer = shop.post("/factors/totp/confirm", code=code(made.json()["uri"], 0))
    assert answer.status_code == 200
    return made.json()["uri"], answer.json()["recovery_codes"]


def register(shop: Shop, device: Authenticator, name: str = "laptop") -> Any:
    asked = shop.post("/factors/passkeys/options").json()
    credential = device.make(asked["options"])
    return shop.post("/factors/passkeys", ticket=asked["ticket"], name=name, credential=credential)


def passkey(shop: Shop, device: Authenticator, **more: Any) -> Any:
    asked = shop.post("/passkey/options").json()
    credential = device.use(asked["options"])
    return shop.post("/passkey", ticket=asked["ticket"], credential=credential, **more)


def user_id(shop: Shop, name: str = "ann@shop.example") -> str:
    return str(shop.in_loop(shop.guard.identities.stores.users.by_name, name).id)


def session_of(shop: Shop, *factors: str, age: float = 0.0) -> None:
    """Put a session of Ann's into the browser, whose factors were shown so long ago."""

    async def made() -> str:
        identities = shop.guard.identities
        user = await identities.stores.users.by_name("ann@shop.example")
        assert user is not None
        value, session = await identities.sessions.begin(user.id, factors=factors)
        aged = replace(session, authenticated=session.authenticated - age)
        await identities.stores.sessions.rotate(digest(value), aged)
        return value

    shop.client.cookies.clear()
    shop.client.cookies.set(COOKIE, shop.in_loop(made), domain="testserver.local", path="/")


def step_up_said(answer: Any) -> str:
    assert answer.status_code == 401
    return str(answer.headers["www-authenticate"])


def test_an_authenticator_app_from_setup_to_sign_in(shop: Shop) -> None:
    before = shop.client.cookies[COOKIE]
    uri, codes = set_up(shop)
    assert len(codes) == 10
    # Another factor, another cookie.
    assert shop.client.cookies[COOKIE] != before
    assert shop.client.get("/auth/factors").json() == {
        "totp": True,
        "recovery_codes_left": 10,
        "passkeys": [],
    }
    old = TestClient(shop.client.app, base_url="https://testserver", cookies={COOKIE: before})
    assert old.get("/auth/me").status_code == 401
    shop.post("/sign-out")
    asked = shop.post("/sign-in", name="ann@shop.example", password=GOOD).json()
    assert (asked["status"], asked["ways"]) == ("second_factor", ["recovery", "totp"])
    assert shop.client.get("/auth/me").status_code == 401
    wrong = shop.post("/second-factor", ticket=asked["ticket"], code="000000")
    assert wrong.status_code == 401
    right = shop.post("/second-factor", ticket=asked["ticket"], code=code(uri, 1))
    assert right.json()["status"] == "signed_in"
    shown = [one for one in shop.events if one.reason in ("code", "totp")]
    assert [one.client for one in shown] == ["testclient", "testclient"]
    assert shop.client.get("/auth/me").status_code == 200
    assert shop.reasons(EventKind.CREDENTIAL_CHANGED) == ["totp_added", "codes_made"]
    assert shop.reasons(EventKind.SIGN_IN_SUCCEEDED) == ["password", "password", "totp"]


def test_a_recovery_code_signs_in_once(shop: Shop) -> None:
    _, codes = set_up(shop)
    for status in (200, 401):
        shop.post("/sign-out")
        asked = shop.post("/sign-in", name="ann@shop.example", password=GOOD).json()
        answer = shop.post("/second-factor", ticket=asked["ticket"], code=codes[0])
        assert answer.status_code == status


def test_a_second_setup_and_a_wrong_code(shop: Shop) -> None:
    assert shop.post("/factors/totp/confirm", code="123456").status_code == 400
    uri, _ = set_up(shop)
    assert shop.post("/factors/totp").status_code == 409
    assert shop.post("/factors/totp/confirm", code=code(uri, 1)).status_code == 400
    new = shop.post("/factors/codes")
    assert (new.status_code, len(new.json()["recovery_codes"])) == (201, 10)
    assert shop.client.delete("/auth/factors/totp").status_code == 200
    assert shop.client.delete("/auth/factors/totp").status_code == 404
    assert shop.post("/factors/codes").status_code == 409
    assert shop.post("/sign-in", name="ann@shop.example", password=GOOD).json()["ways"] == []


CHANGES = [
    ("POST", "/factors/totp"),
    ("DELETE", "/factors/totp"),
    ("POST", "/factors/codes"),
    ("POST", "/factors/passkeys/options"),
    ("DELETE", "/factors/passkeys/AAAA"),
]


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_a_browser_that_was_found_open_changes_nothing(shop: Shop, method: str, path: str) -> None:
    session_of(shop, "password", age=301)
    said = step_up_said(shop.client.request(method, f"/auth{path}"))
    assert 'error="insufficient_user_authentication", max_age=300' in said
    session_of(shop, "password", age=290)
    assert shop.client.request(method, f"/auth{path}").status_code != 401


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_a_password_alone_changes_nothing_of_who_has_a_factor(
    shop: Shop, method: str, path: str
) -> None:
    set_up(shop)
    session_of(shop, "password")
    said = step_up_said(shop.client.request(method, f"/auth{path}"))
    assert 'max_age=300, acr_values="mfa"' in said
    assert shop.client.get("/auth/factors").json()["totp"]
    session_of(shop, "password", "totp", age=301)
    assert "max_age=300" in step_up_said(shop.client.request(method, f"/auth{path}"))
    session_of(shop, "password", "totp")
    assert shop.client.request(method, f"/auth{path}").status_code != 401


def test_keys_of_programs_change_no_factors(shop: Shop) -> None:
    key = shop.post("/keys", name="ci").json()["key"]
    shop.client.cookies.clear()
    for method, path in [*CHANGES, ("GET", "/factors"), ("POST", "/factors/totp/confirm")]:
        answer = shop.client.request(
            method, f"/auth{path}", headers={"X-API-Key": key}, json={"code": "123456"}
        )
        assert answer.status_code in (401, 403), path


def test_a_passkey_from_registration_to_sign_in_without_a_name(shop: Shop) -> None:
    device = Authenticator()
    before = shop.client.cookies[COOKIE]
    made = register(shop, device)
    assert (made.status_code, made.json()["name"]) == (201, "laptop")
    assert shop.client.cookies[COOKIE] != before
    (listed,) = shop.client.get("/auth/factors").json()["passkeys"]
    assert listed == made.json()
    shop.post("/sign-out")
    assert shop.client.get("/auth/me").status_code == 401
    assert passkey(shop, device).json()["status"] == "signed_in"
    assert shop.client.get("/auth/me").json()["name"] == "ann@shop.example"
    sessions = shop.client.get("/auth/sessions").json()
    assert len(sessions) == 1
    gone = shop.client.delete(f"/auth/factors/passkeys/{made.json()['id']}")
    assert gone.status_code == 200
    assert passkey(shop, device).status_code == 401
    assert "last_factor_removed" in shop.reasons(EventKind.CREDENTIAL_CHANGED)


def test_a_passkey_is_the_second_step_of_what_was_begun(shop: Shop) -> None:
    device = Authenticator()
    register(shop, device)
    shop.post("/sign-out")
    asked = shop.post("/tokens", name="ann@shop.example", password=GOOD).json()
    assert asked["ways"] == ["passkey"]
    pair = passkey(shop, device, sign_in=asked["ticket"]).json()
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    assert shop.client.get("/auth/me", headers=bearer).status_code == 200
    assert passkey(shop, device, sign_in=asked["ticket"]).status_code == 401
    asked = shop.post("/sign-in", name="ann@shop.example", password=GOOD).json()
    assert passkey(shop, device, sign_in=asked["ticket"]).json()["status"] == "signed_in"


def test_nobody_finishes_the_sign_in_of_somebody_else(shop: Shop) -> None:
    set_up(shop)
    shop.post("/sign-out")
    asked = shop.post("/sign-in", name="ann@shop.example", password=GOOD).json()
    shop.account("bob@shop.example")
    shop.enter("bob@shop.example")
    device = Authenticator()
    register(shop, device)
    shop.post("/sign-out")
    assert passkey(shop, device, sign_in=asked["ticket"]).status_code == 401
    assert shop.client.get("/auth/me").status_code == 401
    assert "other_account" in shop.reasons(EventKind.SIGN_IN_FAILED)


def test_every_refusal_of_a_passkey_is_the_same(shop: Shop) -> None:
    device = Authenticator()
    register(shop, device)
    shop.post("/sign-out")
    stranger = Authenticator(handle=device.handle)
    liar = Authenticator(key=device.key, id=device.id, handle=device.handle, origin="https://x.y")
    shown = []
    for one in (stranger, liar):
        answer = passkey(shop, one)
        body = {name: value for name, value in answer.json().items() if name != "incident"}
        shown.append((answer.status_code, body, answer.headers["www-authenticate"]))
    assert shown[0] == shown[1]
    assert shop.reasons(EventKind.SIGN_IN_FAILED) == ["passkey_unknown", "passkey_origin"]


def test_browsers_may_say_more_and_bodies_have_an_end(shop: Shop) -> None:
    device = Authenticator()
    asked = shop.post("/factors/passkeys/options").json()
    credential = device.make(asked["options"])
    credential["response"]["publicKeyAlgorithm"] = -7
    credential["of a later standard"] = {"a": [1, 2]}
    body = {"ticket": asked["ticket"], "name": "x", "credential": credential}
    assert shop.post("/factors/passkeys", **body, roles=["boss"]).status_code == 422
    assert shop.post("/factors/passkeys", **{**body, "name": "a\nb"}).status_code == 422
    huge = {**credential, "response": {**credential["response"], "more": "A" * 1_000_000}}
    assert shop.post("/factors/passkeys", **{**body, "credential": huge}).status_code == 413
    long = {**credential, "response": {**credential["response"], "attestationObject": "A" * 40_000}}
    assert shop.post("/factors/passkeys", **{**body, "credential": long}).status_code == 422
    assert shop.post("/passkey", ticket="x", credential={"id": b64(b"x")}).status_code == 422
    assert shop.post("/factors/passkeys", **body).status_code == 201


def test_a_disabled_and_an_unverified_account_do_not_come_in(tmp_path: Path) -> None:
    with opened(tmp_path, verified_only=True) as shop:
        shop.account()
        shop.enter()
        device = Authenticator()
        register(shop, device)
        users = shop.guard.identities.stores.users
        ann = user_id(shop)

        async def state(**changes: bool) -> None:
            await users.set_state(ann, **changes)  # type: ignore[arg-type]

        for changes in ({"verified": False}, {"disabled": True, "verified": True}):
            shop.in_loop(lambda changes=changes: state(**changes))
            assert passkey(shop, device).status_code == 401
        shop.in_loop(lambda: state(disabled=False))
        assert passkey(shop, device).status_code == 200


def test_an_administrator_resets_what_was_lost(shop: Shop) -> None:
    set_up(shop)
    ann = user_id(shop)
    path = f"/auth/users/{ann}/factors"
    assert shop.client.delete(path).status_code == 403
    shop.post("/sign-out")
    shop.account("boss@shop.example")
    shop.in_loop(shop.guard.identities.assign, user_id(shop, "boss@shop.example"), "boss")
    shop.enter("boss@shop.example")
    assert shop.client.delete(path).status_code == 200
    assert shop.client.delete("/auth/users/nobody/factors").status_code == 404
    own = f"/auth/users/{user_id(shop, 'boss@shop.example')}/factors"
    assert shop.client.delete(own).status_code == 409
    (event,) = [one for one in shop.events if one.reason == "factors_reset"]
    assert event.principal == user_id(shop, "boss@shop.example")
    shop.post("/sign-out")
    shop.enter()


def test_whoever_has_to_have_a_factor_can_get_one(tmp_path: Path) -> None:
    with opened(tmp_path, second_factor=True) as shop:
        shop.account()
        shop.enter()
        shop.in_loop(shop.guard.identities.assign, user_id(shop), "clerk")
        assert 'acr_values="mfa"' in step_up_said(shop.client.get("/orders"))
        set_up(shop)
        assert shop.client.get("/orders").status_code == 200


def small(**policy: Any) -> tuple[FastAPI, Guard]:
    app = FastAPI()

    @app.get("/vault", dependencies=[requires(second_factor=True, recent=60)])
    async def vault() -> str:
        return "gold"

    guard = Guard(
        app,
        secret=SECRET,
        database=MemoryStores(),
        auth=AuthPolicy(ways=["session"], **policy),
        docs="public",
    )
    app.include_router(guard.identities.router())
    return app, guard


def test_a_vault_opens_for_a_factor_that_is_fresh(tmp_path: Path) -> None:
    with opened(tmp_path) as shop:

        @shop.client.app.get("/vault", dependencies=[requires(second_factor=True, recent=60)])  # type: ignore[attr-defined]
        async def vault() -> str:
            return "gold"

        shop.account()
        shop.enter()
        said = step_up_said(shop.client.get("/vault"))
        assert 'max_age=60, acr_values="mfa"' in said
        uri, _ = set_up(shop)
        assert shop.client.get("/vault").json() == "gold"
        session_of(shop, "password", "totp", age=61)
        assert "max_age=60" in step_up_said(shop.client.get("/vault"))
        assert shop.post("/step-up", code=code(uri, 1)).status_code == 200
        assert shop.client.get("/vault").json() == "gold"


def test_without_an_address_there_are_no_passkeys() -> None:
    _, without = small()
    _, there = small(base_url="http://localhost:8000")
    found = [{entry.template for entry in one.access_table()} for one in (without, there)]
    passkeys = {
        "/auth/passkey",
        "/auth/passkey/options",
        "/auth/factors/passkeys",
        "/auth/factors/passkeys/options",
        "/auth/factors/passkeys/{passkey_id}",
    }
    assert found[1] - found[0] == passkeys
    assert "/auth/factors/totp" in found[0]


def test_what_anybody_may_call_has_a_rate() -> None:
    app, _ = small(base_url="https://testserver")
    with TestClient(app, base_url="https://testserver") as client:
        found = [client.post("/auth/passkey/options").status_code for _ in range(11)]
    assert found == [200] * 10 + [429]

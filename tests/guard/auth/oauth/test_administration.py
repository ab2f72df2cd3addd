"""Clients by routes, and what somebody allowed them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from buckler.guard import EventKind, GuardError, OAuthPolicy, Principal
from buckler.guard.auth.oauth.server.client import EXCHANGE, OAuthClient
from buckler.guard.auth.routes.superiors import check_account
from tests.guard.auth.oauth.scene import KEPT, POLICY, SPA, Scene, opened
from tests.guard.auth.shop import GOOD

BODY: dict[str, Any] = {"name": "New", "redirect_uris": ["https://new.example/cb"]}


@pytest.fixture
def scene() -> Iterator[Scene]:
    with opened(roles={"boss": ["clients:*"]}, administration=True) as found:
        boss = found.account("boss@mail.example")
        found.in_loop(found.guard.identities.assign, boss.id, "boss")
        found.account()
        yield found


def enter(scene: Scene, name: str) -> None:
    answer = scene.browser.post("/auth/sign-in", json={"name": name, "password": GOOD})
    assert answer.json()["status"] == "signed_in"


def test_who_may_manage_clients(scene: Scene) -> None:
    assert scene.browser.get("/oauth/clients").status_code == 401
    enter(scene, "ann@mail.example")
    assert scene.browser.get("/oauth/clients").status_code == 403
    assert scene.browser.post("/oauth/clients", json=BODY).status_code == 403


def test_from_registration_to_removal(scene: Scene) -> None:
    enter(scene, "boss@mail.example")
    added = scene.browser.post("/oauth/clients", json=BODY)
    assert added.status_code == 201, added.text
    said = added.json()
    client = scene.in_loop(scene.server.clients.get, said["id"])
    assert client.knows(said["client_secret"])
    shown = scene.browser.get(f"/oauth/clients/{said['id']}").json()
    assert "client_secret" not in shown and shown["has_secret"] is True
    changed = scene.browser.put(f"/oauth/clients/{said['id']}", json={**BODY, "name": "Newer"})
    assert changed.json()["name"] == "Newer"
    assert scene.in_loop(scene.server.clients.get, said["id"]).knows(said["client_secret"])
    renewed = scene.browser.post(f"/oauth/clients/{said['id']}/secret").json()
    after = scene.in_loop(scene.server.clients.get, said["id"])
    assert after.knows(renewed["client_secret"]) and not after.knows(said["client_secret"])
    assert scene.browser.delete(f"/oauth/clients/{said['id']}").status_code == 200
    assert scene.browser.get(f"/oauth/clients/{said['id']}").status_code == 404


def test_a_change_keeps_what_it_does_not_speak_of(scene: Scene) -> None:
    enter(scene, "boss@mail.example")
    kept = OAuthClient(
        id="kept",
        redirect_uris=["https://kept.example/"],
        bound_to_certificate=True,
        default_max_age=60,
        id_token_alg="ES256",
    )
    scene.in_loop(scene.server.clients.add, kept)
    shown = scene.browser.get("/oauth/clients/kept").json()
    body = {k: v for k, v in shown.items() if k not in ("id", "has_secret")}
    answer = scene.browser.put("/oauth/clients/kept", json={**body, "name": "Renamed"})
    assert answer.status_code == 200, answer.text
    after = scene.in_loop(scene.server.clients.get, "kept")
    assert after == replace(kept, name="Renamed")


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uris": ["http://new.example/"]},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"scopes": ["nobody:knows"]},
        {"grants": ["magic"]},
        {"auth": "none", "grants": ["client_credentials"]},
        {"resources": ["https://nowhere.example"]},
        {"secret": "mine"},
    ],
)
def test_what_is_refused(scene: Scene, wrong: dict[str, Any]) -> None:
    enter(scene, "boss@mail.example")
    answer = scene.browser.post("/oauth/clients", json={**BODY, **wrong})
    assert answer.status_code == 422


def test_what_was_allowed_is_taken_back(scene: Scene) -> None:
    tokens = scene.redeem(scene.code(SPA), SPA).json()
    listed = scene.browser.get("/oauth/grants").json()
    assert [(one["client_id"], one["scopes"]) for one in listed] == [("spa", ["openid"])]
    assert scene.browser.delete("/oauth/grants/spa").status_code == 200
    refused = scene.token(SPA, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"
    assert scene.browser.get("/oauth/grants").json() == []
    assert scene.browser.delete("/oauth/grants/spa").status_code == 404
    # They are asked again.
    assert 'name="decision"' in scene.follow(scene.authorize(SPA)).text


ORDERS = {"scopes": ["openid", "orders:read"]}
TRUSTED = OAuthClient(
    id="trusted",
    name="Trusted",
    redirect_uris=["https://trusted.example/"],
    grants=["authorization_code", "client_credentials"],
    auth="client_secret_basic",
    secret=KEPT,
    scopes=["openid", "orders:write"],
    first_party=True,
)


@pytest.fixture
def managed() -> Iterator[Scene]:
    """Entered by somebody who may manage clients, and trust none."""
    policy = replace(POLICY, ordinary_scopes=["orders:read"])
    roles = {"manager": ["clients:read", "clients:manage"], "trusting": ["clients:*"]}
    with opened(roles=roles, policy=policy, administration=True) as found:
        for role in roles:
            account = found.account(f"{role}@mail.example")
            found.in_loop(found.guard.identities.assign, account.id, role)
        found.in_loop(found.server.clients.add, TRUSTED)
        enter(found, "manager@mail.example")
        yield found


def refused(scene: Scene, answer: Any, what: str) -> None:
    assert answer.status_code == 403, answer.text
    said = answer.json()
    assert (said["reason"], said["for"]) == ("clients_trust", what)
    assert "clients:trust" in said["detail"]
    assert scene.reasons(EventKind.ACCESS_REFUSED)[-1] == "clients_trust"


BEYOND: list[tuple[str, dict[str, Any]]] = [
    ("first_party", {"first_party": True}),
    ("introspects", {"introspects": True}),
    ("password", {"grants": ["password"]}),
    ("implicit", {"grants": ["implicit"]}),
    (EXCHANGE, {"grants": [EXCHANGE]}),
    ("orders:write", {"scopes": ["openid", "orders:write"]}),
]


@pytest.mark.parametrize(("what", "more"), BEYOND)
def test_who_manages_clients_does_not_raise_one(
    managed: Scene, what: str, more: dict[str, Any]
) -> None:
    refused(managed, managed.browser.post("/oauth/clients", json={**BODY, **more}), what)
    added = managed.browser.post("/oauth/clients", json={**BODY, **ORDERS})
    assert added.status_code == 201, added.text
    path = f"/oauth/clients/{added.json()['id']}"
    refused(managed, managed.browser.put(path, json={**BODY, **more}), what)
    assert managed.browser.get(path).json()["scopes"] == ["openid", "orders:read"]
    enter(managed, "trusting@mail.example")
    assert managed.browser.post("/oauth/clients", json={**BODY, **more}).status_code == 201
    assert managed.browser.put(path, json={**BODY, **more}).status_code == 200


def test_a_change_keeps_what_its_sender_may_not_give(managed: Scene) -> None:
    answer = managed.browser.put("/oauth/clients/trusted", json={"name": "Renamed"})
    assert answer.status_code == 200, answer.text
    after = managed.in_loop(managed.server.clients.get, "trusted")
    assert after == replace(TRUSTED, name="Renamed")
    shown = managed.browser.get("/oauth/clients/trusted").json()
    whole = {k: v for k, v in shown.items() if k not in ("id", "has_secret")}
    answer = managed.browser.put("/oauth/clients/trusted", json={**whole, "disabled": True})
    assert answer.status_code == 200, answer.text
    refused(
        managed,
        managed.browser.put("/oauth/clients/trusted", json={**whole, "disabled": False}),
        "disabled",
    )


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("redirect_uris", {"redirect_uris": ["https://mine.example/"]}),
        ("auth", {"auth": "client_secret_post"}),
        ("auth", {"auth": "none", "grants": ["authorization_code"]}),
        ("jwks_uri", {"jwks_uri": "https://mine.example/jwks"}),
        ("grants", {"grants": ["authorization_code", "refresh_token"]}),
        ("scopes", {"scopes": ["orders:write", "email"]}),
        ("native", {"native": True}),
    ],
)
def test_nobody_comes_into_a_client_above_them(
    managed: Scene, what: str, change: dict[str, Any]
) -> None:
    refused(managed, managed.browser.put("/oauth/clients/trusted", json=change), what)
    assert managed.in_loop(managed.server.clients.get, "trusted") == TRUSTED


def test_the_secret_of_a_client_above_them_is_not_theirs(managed: Scene) -> None:
    refused(managed, managed.browser.post("/oauth/clients/trusted/secret"), "secret")
    assert managed.in_loop(managed.server.clients.get, "trusted").knows(KEPT)
    enter(managed, "trusting@mail.example")
    assert managed.browser.post("/oauth/clients/trusted/secret").status_code == 200


def test_less_may_be_given_up(managed: Scene) -> None:
    body = {"first_party": False, "scopes": ["openid"]}
    answer = managed.browser.put("/oauth/clients/trusted", json=body)
    assert (answer.status_code, answer.json()["first_party"]) == (200, False)
    refused(
        managed,
        managed.browser.put("/oauth/clients/trusted", json={**BODY, "first_party": True}),
        "first_party",
    )


def test_ordinary_scopes_are_described() -> None:
    with pytest.raises(GuardError, match="ordinary_scopes"):
        OAuthPolicy(scopes={"orders:read": "See"}, ordinary_scopes=["orders:write"])


def test_accounts_above_them_are_not_managed_by_who_may_trust_no_client() -> None:
    roles = {"low": ["accounts:*"], "trusting": ["clients:trust"]}
    with opened(roles=roles, administration=True) as scene:
        low, above = scene.account("low@mail.example"), scene.account("above@mail.example")
        for account, role in ((low, "low"), (above, "trusting")):
            scene.in_loop(scene.guard.identities.assign, account.id, role)
        me = Principal(
            id=low.id, name=low.name, permissions=frozenset(["accounts:manage"]), scheme="session"
        )
        with pytest.raises(HTTPException):
            scene.in_loop(check_account, scene.guard.identities, me, above.id)

"""Clients by routes, and what somebody allowed them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from buckler.guard.auth.oauth.server.client import OAuthClient
from tests.guard.auth.oauth.scene import SPA, Scene, opened
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

"""How many clients may register themselves, and how long one stays that nobody uses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from buckler.guard import EventKind, GuardError, MemoryStores, SqlStores
from buckler.guard.auth.oauth.server.client import DEVICE, OAuthClient
from buckler.guard.stores.interface import Stores
from tests.guard.auth.oauth.proofs import Maker
from tests.guard.auth.oauth.scene import POLICY, Scene, opened

TOKEN = "an-initial-access-token-7fQ2"
BODY: dict[str, Any] = {"client_name": "Own", "redirect_uris": ["https://own.example/cb"]}
PRIVATE = {**Maker().jwk, "d": "AAAA"}


def register(scene: Scene, body: Any, **headers: str) -> Any:
    return scene.browser.post("/oauth/register", json=body, headers=headers)


@contextmanager
def bounded(stores: Stores, most: int = 2) -> Iterator[Scene]:
    policy = replace(
        POLICY,
        registration=True,
        registration_unused=most,
        registration_unused_lifetime=3_600.0,
    )
    with opened(policy=policy, stores=stores) as found:
        found.account()
        yield found


@pytest.fixture(params=["memory", "sqlite"])
def few(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """A server with room for two clients that nobody used."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'id.db'}"
    made = MemoryStores() if request.param == "memory" else SqlStores(url, create=True)
    with bounded(made) as found:
        yield found


def client_of(scene: Scene, answer: Any) -> OAuthClient:
    assert answer.status_code == 201, answer.text
    found: OAuthClient = scene.in_loop(scene.server.clients.get, answer.json()["client_id"])
    return found


def pruned(scene: Scene) -> int:
    counts = scene.in_loop(scene.guard.identities.stores.prune, scene.clock())
    return int(counts["oauth_clients"])


def test_clients_that_nobody_uses_are_so_many(few: Scene) -> None:
    first = client_of(few, register(few, BODY))
    client_of(few, register(few, BODY))
    full = register(few, BODY)
    assert (full.status_code, full.json()["error"]) == (503, "temporarily_unavailable")
    assert int(full.headers["retry-after"]) > 0
    assert few.reasons(EventKind.LIMIT_EXCEEDED) == ["registration_full"]
    # Somebody agrees to one: there is room for another.
    few.code(first)
    client_of(few, register(few, BODY))
    assert register(few, BODY).status_code == 503
    few.clock.ahead = 3_601.0
    client_of(few, register(few, BODY))


def test_clients_that_nobody_used_go(few: Scene) -> None:
    used = client_of(few, register(few, BODY))
    unused = client_of(few, register(few, BODY))
    few.code(used)
    # A change is no use.
    few.in_loop(few.server.clients.change, replace(unused, name="Other"))
    few.in_loop(few.server.clients.add, replace(unused, id="by-hand", self_registered=False))
    few.clock.ahead = 3_500.0
    assert pruned(few) == 0
    few.clock.ahead = 3_601.0
    assert pruned(few) == 1
    assert few.in_loop(few.server.clients.get, unused.id) is None
    assert few.in_loop(few.server.clients.get, used.id) == used
    assert few.in_loop(few.server.clients.get, "by-hand") is not None


def test_a_device_that_somebody_allows_is_a_use(few: Scene) -> None:
    body = {**BODY, "grant_types": [DEVICE], "token_endpoint_auth_method": "none"}
    client = client_of(few, register(few, body))
    asked = few.form("/oauth/device_authorization", client_id=client.id).json()
    page = few.get("/oauth/device", user_code=asked["user_code"])
    page = few.sign_in(page)
    assert "Allowed" in few.decide(page).text
    few.clock.ahead = 3_601.0
    assert pruned(few) == 0


def test_who_shows_an_initial_access_token_is_not_counted() -> None:
    known = hashlib.sha256(TOKEN.encode()).hexdigest()
    policy = replace(POLICY, registration=True, registration_tokens=[known], registration_unused=1)
    with opened(policy=policy) as scene:
        for _ in range(3):
            answer = register(scene, BODY, Authorization=f"Bearer {TOKEN}")
            assert answer.status_code == 201
        scene.clock.ahead = 30 * 86_400.0
        assert pruned(scene) == 0


def test_one_address_registers_few_in_a_minute() -> None:
    with opened(policy=replace(POLICY, registration=True), rates=True) as scene:
        answers = [register(scene, BODY).status_code for _ in range(11)]
    assert answers == [201] * 10 + [429]


@pytest.mark.parametrize("wrong", [TOKEN, "é" * 64, "A" * 64, "a" * 63])
def test_a_token_is_not_written_down_itself(wrong: str) -> None:
    with pytest.raises(GuardError, match="SHA-256") as caught:
        replace(POLICY, registration=True, registration_tokens=[wrong])
    assert wrong not in str(caught.value)


@pytest.mark.parametrize(
    "wrong", [{"registration_unused": 0}, {"registration_unused_lifetime": 0.0}]
)
def test_there_is_room_for_some(wrong: dict[str, Any]) -> None:
    with pytest.raises(GuardError, match="registration_unused"):
        replace(POLICY, **wrong)

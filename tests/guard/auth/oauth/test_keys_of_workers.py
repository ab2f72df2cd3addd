"""Keys of two workers that share a database: none signs by a key that the other one does not publish."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from buckler.guard.auth.errors import TokenError
from buckler.guard.auth.oauth.server.server import AuthorizationServer
from buckler.guard.stores.sql import SqlStores
from tests.guard.auth.oauth.scene import ISSUER, WEB, Scene, basic, opened

Workers = tuple[Scene, Scene]


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    """Each with a connection of its own; their clocks stand."""
    address = f"sqlite+aiosqlite:///{tmp_path / 'oauth.db'}"
    now = time.time()
    with (
        opened(stores=SqlStores(address, create=True)) as one,
        opened(stores=SqlStores(address, create=True)) as other,
    ):
        for scene in (one, other):
            scene.clock._time = lambda: now
        yield one, other


def later(workers: Workers, seconds: float) -> None:
    for scene in workers:
        scene.clock.ahead += seconds


def token(scene: Scene) -> str:
    answer = scene.token(grant_type="client_credentials", scope="orders:read")
    assert answer.status_code == 200, answer.text
    made: str = answer.json()["access_token"]
    return made


def published(scene: Scene) -> dict[str, Any]:
    """The document, as somebody else's client reads it."""
    found = scene.get("/oauth/jwks")
    assert found.headers["cache-control"] == "no-cache"
    return {key.key_id: key.key for key in jwt.PyJWKSet.from_dict(found.json()).keys if key.key_id}


def counts(made: str, keys: dict[str, Any]) -> bool:
    key = keys.get(jwt.get_unverified_header(made)["kid"])
    if key is None:
        return False
    # The clock of the servers is ahead.
    said = jwt.decode(made, key, ["ES256"], audience=ISSUER, leeway=60)
    return bool(said["client_id"] == "web")


def test_a_key_is_published_by_every_worker_before_one_signs_by_it(workers: Workers) -> None:
    one, other = workers
    before = published(other)
    assert before.keys() == published(one).keys() and counts(token(one), before)
    one.in_loop(one.server.keys.rotate)
    # Whatever the other worker has shown last, what is signed now is signed by a key of it.
    for _ in range(12):
        for scene in (one, other):
            shown = published(scene)
            later(workers, 0.5)
            for made in (token(one), token(other)):
                assert counts(made, shown), scene.clock.ahead
    after = published(other)
    assert after.keys() == published(one).keys() and after.keys().isdisjoint(before)
    assert counts(token(one), after) and counts(token(other), after)


def test_what_the_old_keys_signed_counts_nowhere_after_a_rotation(workers: Workers) -> None:
    one, other = workers
    old = token(other)
    at = one.in_loop(one.server.keys.rotate)
    assert 0 < at - one.clock() <= 10
    later(workers, at - one.clock())
    for scene in workers:
        asked = scene.form("/oauth/introspect", headers=basic(WEB), token=old)
        assert asked.json() == {"active": False}
        with pytest.raises(TokenError) as refused:
            scene.in_loop(scene.server.verifier.averify, old)
        assert refused.value.reason == "key"


def test_a_verifier_finds_the_key_of_another_worker(workers: Workers) -> None:
    one, other = workers
    verifier = other.server.verifier
    assert other.in_loop(verifier.averify, token(one)).client == "web"
    one.in_loop(one.server.keys.rotate)
    later(workers, 60)
    # The other worker has had no request since.
    assert other.in_loop(verifier.averify, token(one)).client == "web"


class Counting:
    """A store of keys whose looks are counted."""

    def __init__(self, real: Any) -> None:
        self.real = real
        self.looks = 0

    def __getattr__(self, name: str) -> Any:
        self.looks += name == "all"
        return getattr(self.real, name)


def test_unknown_keys_make_a_worker_look_once_a_second(workers: Workers) -> None:
    _, other = workers
    token(other)
    with opened() as stranger:
        strange = token(stranger)
    keys = other.server.keys
    keys._store = counting = Counting(keys._store)  # type: ignore[assignment]

    def flood(server: AuthorizationServer) -> None:
        for _ in range(20):
            with pytest.raises(TokenError):
                other.in_loop(server.verifier.averify, strange)
            assert other.get("/oauth/jwks").status_code == 200

    flood(other.server)
    assert counting.looks <= 1
    for looks in (1, 2, 3):
        later(workers, 1.0)
        counting.looks = 0 if looks == 1 else counting.looks
        flood(other.server)
        assert counting.looks == looks

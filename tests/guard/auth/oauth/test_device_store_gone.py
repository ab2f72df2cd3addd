"""A database that fails in the middle of an agreement for a device: nothing is granted, and nothing is left behind."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from buckler.guard import SqlStores
from buckler.guard.auth.oauth.server.client import DEVICE, REFRESH, OAuthClient
from tests.guard.auth.oauth.scene import SPA, Scene, hidden, opened

TELEVISION = OAuthClient(id="tv", name="Television", grants=[DEVICE, REFRESH], scopes=["openid"])
STEPS = {
    "the decision": "UPDATE ON buckler_oauth_devices",
    "the grant": "INSERT ON buckler_oauth_grants",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "oauth.db"


@pytest.fixture
def scene(file: Path) -> Iterator[Scene]:
    stores = SqlStores(f"sqlite+aiosqlite:///{file}", create=True)
    with opened(SPA, TELEVISION, stores=stores) as found:
        yield found


def run(file: Path, statement: str) -> None:
    with sqlite3.connect(file) as database:
        database.execute(statement)
    database.close()


@pytest.mark.parametrize("step", STEPS)
def test_nothing_is_left_of_what_failed(scene: Scene, file: Path, step: str) -> None:
    user = scene.account()
    scene.code(SPA)  # signs in
    grants = scene.server.store.grants
    before = len(scene.in_loop(grants.of, user.id))
    asked = scene.form("/oauth/device_authorization", client_id="tv", scope="openid").json()
    page = scene.get("/oauth/device", user_code=asked["user_code"])

    def decide() -> Any:
        return scene.form("/oauth/device", **hidden(page.text), decision="allow")

    def poll() -> dict[str, Any]:
        scene.clock.ahead += 6
        form = {"grant_type": DEVICE, "device_code": asked["device_code"]}
        said: dict[str, Any] = scene.form("/oauth/token", client_id="tv", **form).json()
        return said

    failing = f"CREATE TRIGGER fails BEFORE {STEPS[step]} BEGIN SELECT RAISE(ABORT, 'gone'); END"
    run(file, failing)
    assert decide().status_code == 503
    run(file, "DROP TRIGGER fails")
    assert len(scene.in_loop(grants.of, user.id)) == before
    assert poll()["error"] == "authorization_pending"
    assert "Go back to the device" in decide().text
    assert len(scene.in_loop(grants.of, user.id)) == before + 1
    assert poll()["access_token"]
    # Of two decisions one counts.
    assert decide().status_code == 400
    assert len(scene.in_loop(grants.of, user.id)) == before + 1

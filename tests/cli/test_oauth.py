"""``buckler oauth client``, as people and programs call it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from buckler.guard import SqlStores
from buckler.guard.auth.oauth.server.clients import ClientBook


@pytest.fixture
def url(tmp_path: Path) -> str:
    found = f"sqlite+aiosqlite:///{tmp_path}/id.db"

    async def made() -> None:
        stores = SqlStores(found, create=True)
        await stores.open()
        await stores.close()

    asyncio.run(made())
    return found


def run(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "buckler", "oauth", "client", *arguments],
        env={**os.environ, "BUCKLER_DATABASE": url},
        capture_output=True,
        text=True,
        check=False,
    )


def get(url: str, client_id: str):
    async def found():
        stores = SqlStores(url)
        try:
            return await ClientBook((), stores.oauth.clients, print).get(client_id)
        finally:
            await stores.close()

    return asyncio.run(found())


def test_a_client_is_added_shown_changed_and_dropped(url: str) -> None:
    added = run(
        url, "add", "web", "--redirect-uri", "https://app.example/cb", "--name", "Shop", "--json"
    )
    assert added.returncode == 0, added.stderr
    said = json.loads(added.stdout)
    client = get(url, said["client_id"])
    assert client.knows(said["client_secret"])
    shown = run(url, "show", "web")
    assert said["client_secret"] not in shown.stdout and "sha256" not in shown.stdout
    assert json.loads(shown.stdout)["redirect_uris"] == ["https://app.example/cb"]
    other = run(url, "secret", "web").stdout.split()[1]
    assert get(url, "web").knows(other) and not get(url, "web").knows(said["client_secret"])
    assert run(url, "disable", "web").returncode == 0
    assert get(url, "web") is None
    assert "(disabled)" in run(url, "list").stdout
    assert run(url, "enable", "web").returncode == 0
    assert [one["id"] for one in json.loads(run(url, "list", "--json").stdout)] == ["web"]
    assert run(url, "drop", "web").returncode == 0
    assert run(url, "drop", "web").returncode == 2
    assert "no clients" in run(url, "list").stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["add", "x", "--redirect-uri", "http://app.example/"], "not https"),
        (["add", "x", "--grant", "magic"], "there is no grant 'magic'"),
        (["add", "x", "--auth", "none", "--grant", "client_credentials"], "anybody could be it"),
        (["show", "nobody"], "there is no client nobody"),
    ],
)
def test_what_is_wrong_is_told(url: str, arguments: list[str], told: str) -> None:
    done = run(url, *arguments)
    assert done.returncode in (2, 3)
    assert told in done.stderr and "Traceback" not in done.stderr


def test_a_database_without_tables_is_told(tmp_path: Path) -> None:
    done = run(f"sqlite+aiosqlite:///{tmp_path}/none.db", "list")
    assert done.returncode != 0 and "buckler db upgrade" in done.stderr

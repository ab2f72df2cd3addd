"""The examples of docs/stores.md run, and do what is written beside them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi.testclient import TestClient

from buckler.guard.stores.records import User
from buckler.guard.stores.sql import migrations
from buckler.guard.stores.sql.engine import engine_of
from tests.conftest import ROOT

PAGE = (ROOT / "docs/stores.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(number: int, names: dict[str, Any] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"__name__": "example"} if names is None else names
    exec(compile(BLOCKS[number], f"docs/stores.md:{number}", "exec", dont_inherit=True), found)
    return found


def test_the_first_example_starts(here: Path) -> None:
    names = run(0)
    with TestClient(names["app"]):
        assert (here / "app.db").exists()
    # A second start finds the tables there.
    with TestClient(run(0)["app"]) as client:
        assert client.get("/nothing").status_code == 404


def test_our_tables_are_left_out_and_no_other() -> None:
    include = run(1)["include_name"]
    assert not include("buckler_users", "table", {})
    assert include("orders", "table", {})
    assert include("buckler_users_name", "index", {})


def test_the_tables_in_a_metadata() -> None:
    assert "buckler_users" in run(2)["metadata"].tables


def test_accounts_in_an_own_table_and_pruning(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run(3)
    run(4, names)

    async def use() -> None:
        ours = engine_of("sqlite+aiosqlite:///members.db")
        await migrations.upgrade(ours)
        await ours.dispose()
        async with names["engine"].begin() as connection:
            await connection.run_sync(names["Base"].metadata.create_all)
        stores = names["stores"]
        await stores.open()
        user = await stores.users.add(User(id="x", name="bob@example.com"))
        assert user == User(id="1", name="bob@example.com")
        assert await stores.users.by_name("Bob@example.com") is None
        await stores.users.set_state("1", disabled=True)
        async with names["engine"].begin() as connection:
            row = (await connection.execute(names["Member"].__table__.select())).one()
        assert (row.id, row.is_active, row.plan) == (1, False, "free")
        await stores.attempts.fail("a", 1.0, window=1.0)
        await names["prune"]()
        await names["engine"].dispose()

    anyio.run(use)
    assert "'attempts': 1" in capsys.readouterr().out


def test_what_the_page_says_of_the_ini_file_is_what_the_tests_of_migrations_use() -> None:
    used = (ROOT / "tests/guard/stores/test_migrations.py").read_text(encoding="utf-8")
    for line in ("buckler.guard.stores.sql.migrations:versions", "path_separator = space"):
        assert line in PAGE
        assert line in used

"""The tables as the migrations make them are those that the code knows."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from buckler.watch.db import migrations
from buckler.watch.db.database import Database
from buckler.watch.db.tables import METADATA
from buckler.watch.errors import OccupiedError, RefusedError
from buckler.watch.place import Place


def test_migrations_make_what_the_code_knows(database: Database) -> None:
    with database.read() as connection:
        options = {"version_table": migrations.VERSION_TABLE, "compare_type": False}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []
        assert "watch_findings" in inspect(connection).get_table_names()
    assert migrations.current(database) == "watch_0006"


def test_a_second_time_does_nothing_and_the_way_back_leaves_nothing(database: Database) -> None:
    migrations.upgrade(database)
    migrations.downgrade(database)
    with database.read() as connection:
        left = inspect(connection).get_table_names()
    assert [name for name in left if name != migrations.VERSION_TABLE] == []


@pytest.mark.parametrize("url", ["", "x", "mysql://a/b", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(RefusedError, match="database"):
        Database(url)


def test_a_folder_is_for_its_user_and_one_process(tmp_path: Path) -> None:
    place = Place.at(tmp_path / "data")
    assert place.folder.stat().st_mode & 0o777 == 0o700
    assert place.key() == place.key()
    assert (place.folder / "key").stat().st_mode & 0o777 == 0o600
    with place.held(), pytest.raises(OccupiedError), place.held():
        pass
    open_one = tmp_path / "open"
    open_one.mkdir(mode=0o755)
    with pytest.raises(RefusedError, match="open to others"):
        Place.at(open_one)

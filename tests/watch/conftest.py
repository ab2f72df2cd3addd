"""A database of watch's own for each test, and small reports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from buckler.watch.alerts.secrets import Secrets
from buckler.watch.app import create_app
from buckler.watch.db import migrations, scans
from buckler.watch.db.database import Database
from buckler.watch.interface import SYSTEM
from buckler.watch.options import Options
from buckler.watch.place import Place
from buckler.watch.service import Service
from tests.watch.asking import Api
from tests.watch.made import finding, push, report, target


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An SQLite file with watch's tables."""
    made = Database(f"sqlite:///{tmp_path / 'watch.db'}")
    migrations.upgrade(made)
    yield made
    made.close()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One application for all: its start is what takes the time. Each test has accounts of its own."""
    service = Service(Options(data=tmp_path_factory.mktemp("api") / "data", hosts=("testserver",)))
    migrations.upgrade(service.database)
    with TestClient(create_app(service), base_url="https://testserver") as client:
        yield Api(client, service)
    service.database.close()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """An account that no other test has."""
    return f"ann-{abs(hash(request.node.nodeid))}"


@pytest.fixture
def ann(api: Api, name: str) -> str:
    return api.key(name, "analyst")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a finding, a sealed secret, and scans that had not ended."""
    place = Place.at(tmp_path / "data")
    key = place.key()
    database = Database(place.database)
    migrations.upgrade(database)
    shop, desk = target(database, name="shop"), target(database, name="desk", kind="git")
    push(database, shop, report(finding(1)), 1000.0)
    with database.write() as connection:
        waits, _ = scans.request(connection, SYSTEM, desk, 1001.0)
        scans.handed(connection, waits, 1002.0)
        runs, _ = scans.request(connection, SYSTEM, shop, 1003.0)
        scans.begin(connection, runs, "w", 1004.0)
        scans.request(connection, SYSTEM, shop, 1005.0)
    database.close()
    (place.folder / "sealed").write_text(Secrets(key).seal({"a": "b"}, "x"))
    return place.folder

"""One application for all tests of a module; each test has accounts of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.watch.web.site import Browser, Site, site


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    client, service = site(tmp_path_factory.mktemp("web") / "data")
    with client, client.app.state.guard.rated(None):  # type: ignore[attr-defined]
        yield Site(client, service)
    service.database.close()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """An account that no other test has."""
    return f"ann-{abs(hash(request.node.nodeid))}"


@pytest.fixture
def ann(web: Site, name: str) -> Browser:
    return web.somebody(name, "analyst")


@pytest.fixture
def boss(web: Site) -> Browser:
    return web.somebody("boss", "admin")

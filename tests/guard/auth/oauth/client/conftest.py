"""A provider that lies, and an application that signs in with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.guard.auth.oauth.client.liar import Liar, lying
from tests.guard.auth.oauth.client.shop import Shop, opened


@pytest.fixture(scope="session")
def _liar() -> Iterator[Liar]:
    with lying() as found:
        yield found


@pytest.fixture
def liar(_liar: Liar) -> Liar:
    """Honest, until a test wants something else."""
    _liar.reset()
    return _liar


@pytest.fixture
def shop(liar: Liar) -> Iterator[Shop]:
    """An application that signs in with it."""
    with opened(liar.provider()) as found:
        yield found

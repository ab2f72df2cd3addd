"""Fixtures for the tests of an application that has a guard.

In ``conftest.py``::

    pytest_plugins = ["buckler.guard.testing"]

Then a test asks for what it needs: ``guard_events`` records the security events, ``guard_headers`` says what
an answer lacks, ``guard_rate`` changes how often the test client may ask, ``guard_principal`` who it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import pytest

from buckler.guard.audit.events import EventKind, SecurityEvent
from buckler.guard.auth.principal import Principal
from buckler.guard.guard import INSTALLED, Guard
from buckler.guard.headers.policy import HeaderPolicy
from buckler.guard.options import GuardError
from buckler.guard.policy import Rates


class Answered(Protocol):
    """A response of httpx2, httpx, requests or Starlette's test client."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By name, whatever its case."""


class Recorded(list[SecurityEvent]):
    """Security events, in order."""

    def of(self, kind: EventKind | str) -> list[SecurityEvent]:
        """Those of a kind."""
        return [event for event in self if event.kind == kind]

    @property
    def reasons(self) -> list[str]:
        """The word of each."""
        return [event.reason for event in self]


def guard_of(app: Any) -> Guard:
    """The guard of an application.

    Raises:
        GuardError: It has none.
    """
    found = getattr(app, INSTALLED, None)
    if not isinstance(found, Guard):
        raise GuardError("the application has no guard", hint="call Guard(app) where it is made")
    return found


@contextmanager
def recorded(app: Any) -> Iterator[Recorded]:
    """Record an application's security events; its own listener gets them as ever."""
    guard = guard_of(app)
    events = Recorded()
    with guard.listening(events.append):
        yield events


@contextmanager
def rated(app: Any, rate: Rates) -> Iterator[None]:
    """Let callers ask so often, for all routes; None stands for as often as they like."""
    with guard_of(app).rated(rate):
        yield


@contextmanager
def signed_in(app: Any, *permissions: str, **fields: Any) -> Iterator[Principal]:
    """Let every request be somebody's, whatever it brings.

    Args:
        app: With identities.
        permissions: That they have.
        fields: Of :class:`~buckler.guard.Principal` that shall be otherwise: ``id``, ``factors`` and the like.
    """
    principal = Principal(
        **{
            "id": "test",
            "name": "test@shop.example",
            "permissions": frozenset(permissions),
            "scheme": "session",
            "factors": frozenset({"password", "totp"}),
            "authenticated": time.time(),
            **fields,
        }
    )
    with guard_of(app).identities.access.pretending(principal):
        yield principal


def missing_headers(response: Answered, policy: HeaderPolicy | None = None) -> list[str]:
    """Names of the headers that an answer lacks.

    Args:
        response: Of a test client.
        policy: What it should have; else guard's defaults. A header that the application sets itself
            counts, whatever it says.
    """
    wanted = policy or HeaderPolicy()
    names = [name.decode() for name, _ in wanted.fixed()]
    names += [one.header.decode() for one in wanted.policies]
    present = {name.lower() for name in response.headers}
    return [name for name in dict.fromkeys(names) if name not in present]


@pytest.fixture
def guard_events() -> Iterator[Callable[[Any], Recorded]]:
    """Start to record; it ends with the test.

    ``events = guard_events(app)``
    """
    running: list[Any] = []

    def start(app: Any) -> Recorded:
        context = recorded(app)
        events = context.__enter__()
        running.append(context)
        return events

    yield start
    for context in reversed(running):
        context.__exit__(None, None, None)


@pytest.fixture
def guard_headers() -> Callable[..., list[str]]:
    """Tell what an answer lacks.

    ``assert guard_headers(response) == []``
    """
    return missing_headers


@pytest.fixture
def guard_rate() -> Iterator[Callable[[Any, Rates], None]]:
    """Change the rates until the test ends; None: no limit.

    ``guard_rate(app, "2/minute")``
    """
    running: list[Any] = []

    def change(app: Any, rate: Rates) -> None:
        context = rated(app, rate)
        context.__enter__()
        running.append(context)

    yield change
    for context in reversed(running):
        context.__exit__(None, None, None)


@pytest.fixture
def guard_principal() -> Iterator[Callable[..., Principal]]:
    """Be somebody until the test ends.

    ``guard_principal(app, "orders:read")``
    """
    running: list[Any] = []

    def start(app: Any, *permissions: str, **fields: Any) -> Principal:
        context = signed_in(app, *permissions, **fields)
        principal = context.__enter__()
        running.append(context)
        return principal

    yield start
    for context in reversed(running):
        context.__exit__(None, None, None)

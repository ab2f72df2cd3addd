"""What is public by nature, and which route takes the addresses of another."""

from __future__ import annotations

import pytest

from buckler.scan.model.application import AppModel, Operation, Response
from buckler.scan.rules._support.access import is_administrative, is_internal, is_public
from buckler.scan.rules._support.shadows import shadowed


def operation(key: str, **more: object) -> Operation:
    """An operation of ``METHOD /path``."""
    method, _, path = key.partition(" ")
    made: dict[str, object] = {
        "method": method,
        "path": path,
        "name": "",
        "place": None,
        "entered": key,
        "parameters": (),
        "body": None,
        "dependencies": (),
        "security": (),
        "response": Response(None),
    }
    return Operation(**{**made, **more})  # type: ignore[arg-type]


def app(*operations: Operation, public: tuple[str, ...] = ()) -> AppModel:
    """A model of these operations."""
    return AppModel("", "", {}, operations, public=public)


@pytest.mark.parametrize(
    ("key", "public"),
    [
        ("POST /login", True),
        ("POST /auth/wholesale", True),
        ("POST /api/v1/users/login", True),
        ("POST /password/reset", True),
        ("POST /users/verify", True),
        ("GET /health", True),
        ("GET /internal/health", True),
        ("GET /api/health/live", True),
        ("GET /docs", True),
        ("POST /admin/login", True),
        ("POST /admin/reset", False),
        ("POST /orders/{id}/confirm", False),
        ("DELETE /tokens/{id}", False),
        ("DELETE /sessions/{id}", False),
        ("WEBSOCKET /live", False),
        ("GET /docs/{id}", False),
        ("POST /notes", False),
    ],
)
def test_public_by_nature(key: str, public: bool) -> None:
    assert is_public(operation(key), app()) is public


def test_public_by_settings() -> None:
    assert is_public(operation("POST /notes"), app(public=("POST /notes",)))


def test_paths_that_are_not_for_the_public() -> None:
    assert is_internal(operation("GET /api/admin/users"))
    assert is_internal(operation("GET /debug/events"))
    assert not is_internal(operation("GET /products/exports"))
    assert is_administrative(operation("PUT /users/{id}/role"))
    assert not is_administrative(operation("GET /users/{id}/role"))
    assert not is_administrative(operation("GET /internal/report"))


def routes(*pairs: tuple[str, str]) -> AppModel:
    """Operations with their regular expressions, in order."""
    made = [
        operation(key, template=key.partition(" ")[2], regex=regex, order=n)
        for n, (key, regex) in enumerate(pairs)
    ]
    return app(*made)


@pytest.mark.parametrize(
    ("first", "second", "hidden"),
    [
        (("GET /a/{x}", "^/a/(?P<x>[^/]+)$"), ("GET /a/me", "^/a/me$"), True),
        (("GET /a/{x:int}", "^/a/(?P<x>[0-9]+)$"), ("GET /a/me", "^/a/me$"), False),
        (("GET /a/{x:int}", "^/a/(?P<x>[0-9]+)$"), ("GET /a/{y}", "^/a/(?P<y>[^/]+)$"), False),
        (("GET /{x:path}", "^/(?P<x>.*)$"), ("GET /a/{y:int}", "^/a/(?P<y>[0-9]+)$"), True),
        (("POST /a/{x}", "^/a/(?P<x>[^/]+)$"), ("GET /a/me", "^/a/me$"), False),
        (("GET /a/me", "^/a/me$"), ("GET /a/{x}", "^/a/(?P<x>[^/]+)$"), False),
    ],
)
def test_shadowed(first: tuple[str, str], second: tuple[str, str], hidden: bool) -> None:
    assert bool(list(shadowed(routes(first, second)))) is hidden

"""What the OpenAPI document says of who may pass: every configured way, with its scopes.

``/docs`` signs in by it. FastAPI writes one scheme for a rule; here it becomes one alternative for each way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from buckler.guard.access.dependencies import SCHEME
from buckler.guard.auth.credentials import Authenticator

NAMES: Final[Mapping[str, str]] = {
    "session": "Session",
    "bearer": "Bearer",
    "api_key": "ApiKey",
    "basic": "Basic",
}
_METHODS: Final = frozenset(
    ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
)


def install(
    app: Any, ways: Sequence[Authenticator], permissions: Callable[[], Iterable[str]]
) -> None:
    """Let an application's document name the ways that are configured.

    Args:
        app: FastAPI; anything else is left alone.
        ways: To come in.
        permissions: Tells all that the application knows.
    """
    make: Callable[[], dict[str, Any]] | None = getattr(app, "openapi", None)
    if make is None:
        return
    original = make

    def openapi() -> dict[str, Any]:
        return completed(original(), ways, permissions())

    app.openapi = openapi


def completed(
    document: dict[str, Any], ways: Sequence[Authenticator], permissions: Iterable[str]
) -> dict[str, Any]:
    """The document with the schemes of each way; one that has them already stays as it is.

    Args:
        document: Of FastAPI; changed in place, as FastAPI keeps it.
        ways: To come in.
        permissions: For the scopes of OAuth 2.
    """
    schemes = document.get("components", {}).get("securitySchemes", {})
    if schemes.pop(SCHEME, None) is None:
        return document
    known = sorted(permissions)
    for way in ways:
        model = way.declared()
        found = model.model_dump(mode="json", by_alias=True, exclude_none=True)
        for flow in found.get("flows", {}).values():
            flow["scopes"] = dict.fromkeys(known, "")
        schemes[NAMES[way.scheme]] = found
    names = [NAMES[way.scheme] for way in ways]
    for path in document.get("paths", {}).values():
        for method, operation in path.items():
            if method in _METHODS and isinstance(operation, dict) and "security" in operation:
                operation["security"] = _alternatives(operation["security"], names)
    return document


def _alternatives(security: Iterable[Mapping[str, Any]], names: Sequence[str]) -> list[Any]:
    found: list[Any] = []
    for one in security:
        if SCHEME in one:
            found += [{name: list(one[SCHEME])} for name in names]
        else:
            found.append(one)
    return found

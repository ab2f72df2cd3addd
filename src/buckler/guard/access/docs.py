"""Who may read the documentation: FastAPI's own pages and the OpenAPI document behind them.

Threat: a description of every route for whoever asks (CWE-1059 is the lack of it; this is CWE-200; OWASP API9).
Dependencies of an application do not reach these routes, so the rule is put around them.
"""

from __future__ import annotations

from typing import Any, Final

from buckler.guard.access.gate import Gate
from buckler.guard.access.permissions import permission
from buckler.guard.access.requirement import MARK, PUBLIC, Requirement
from buckler.guard.api_docs import MARK as PAGE
from buckler.guard.options import GuardError

SIGNED_IN: Final = Requirement()


def rule(value: Any) -> Requirement | None:
    """The rule of the option ``docs``.

    Args:
        value: ``public``, ``signed_in``, a permission, a rule of ``requires``, or None for none stated.

    Raises:
        GuardError: It is none of these.
    """
    if value is None:
        return None
    if isinstance(value, Requirement):
        return value
    stated = getattr(value, "required", None)
    if isinstance(stated, Requirement):
        return stated
    words = {"public": PUBLIC, "signed_in": SIGNED_IN}
    if not isinstance(value, str):
        raise GuardError(
            f"docs: {value!r} is no rule", hint="write docs='public', 'signed_in' or a permission"
        )
    return words.get(value) or Requirement(permissions=(permission(value, "docs"),))


def install(app: Any, required: Requirement) -> None:
    """Put a rule around the documentation of an application.

    Args:
        app: FastAPI; anything else is left alone.
        required: Who may read it.
    """
    for route in getattr(getattr(app, "router", None), "routes", ()):
        if is_documentation(route) and not hasattr(route, MARK):
            if not required.public:
                route.app = Gate(route.app, required)
            setattr(route, MARK, required)


def is_documentation(route: Any) -> bool:
    """Whether FastAPI added a route for its documentation, or guard put its own page there."""
    endpoint = getattr(route, "endpoint", None)
    if getattr(endpoint, PAGE, ""):
        return True
    return getattr(endpoint, "__module__", "") == "fastapi.applications"

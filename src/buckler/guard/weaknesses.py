"""Tells, when an application starts, which choices are weaker than guard's defaults (ASVS 5.0 V13.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from buckler.guard.policy import Policy

_PARTS = ("headers", "csrf", "websocket", "body", "upload", "rate", "sign_in_rate", "timeout")


def found(app: Any, policy: Policy, *, errors: bool) -> Iterator[tuple[str, str]]:
    """A word and a sentence for each weaker choice.

    Args:
        app: The application.
        policy: Of it.
        errors: Whether errors become problem details.
    """
    for name in _PARTS:
        if getattr(policy, name) is None:
            yield f"{name}_off", f"{name}=None switches this part off for every route"
    if not errors:
        yield "errors_off", "errors=False: errors answer as the application has them"
    if policy.hosts is None:
        yield "head_off", "hosts=None: no check of host, headers and address"
    elif not policy.hosts:
        yield "any_host", "hosts is empty: any Host header is believed; name the site's own"
    if getattr(app, "debug", False):
        yield "debug", "debug=True answers errors with a traceback"
    headers = policy.headers
    if headers is not None:
        for name in ("content_security_policy", "frame_options", "content_type_options"):
            if getattr(headers, name) is None:
                yield f"{name}_off", f"no answer has the header of {name}"
    for layer in getattr(app, "user_middleware", ()):
        options = getattr(layer, "kwargs", {})
        origins = options.get("allow_origins", ())
        if "*" in origins and options.get("allow_credentials"):
            yield (
                "cors_any",
                "CORSMiddleware reflects every origin with credentials; use cors=Cors()",
            )

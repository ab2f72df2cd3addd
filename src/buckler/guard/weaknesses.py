"""Tells, when an application starts, which choices are weaker than guard's defaults (ASVS 5.0 V13.1)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from buckler.guard.policy import Policy

_PARTS = ("headers", "csrf", "websocket", "body", "upload", "rate", "sign_in_rate", "timeout")


_SERVERS: Mapping[str, str] = {
    "uvicorn": "--no-server-header, or uvicorn.run(..., server_header=False)",
    "hypercorn": "include_server_header = False in its configuration",
}
"""How a server is told not to name itself in every answer, where no application can take it out."""


def server() -> Iterator[tuple[str, str]]:
    """What the server that runs this application adds by itself, told by the task that it starts us in.

    Called while an application starts; elsewhere it finds nothing.
    """
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no asyncio
        return
    frame = getattr(task.get_coro(), "cr_frame", None) if task is not None else None
    config = getattr(frame.f_locals.get("self"), "config", None) if frame is not None else None
    name = type(config).__module__.partition(".")[0]
    says = getattr(config, "server_header", getattr(config, "include_server_header", False))
    if name in _SERVERS and says:
        yield (
            "server_header",
            f"{name} names itself in every answer; start it with {_SERVERS[name]}",
        )


def found(app: Any, policy: Policy, *, errors: bool) -> Iterator[tuple[str, str]]:
    """A word and a sentence for each weaker choice.

    Args:
        app: The application.
        policy: Of it.
        errors: Whether errors become problem details.
    """
    yield from server()
    for name in _PARTS:
        if getattr(policy, name) is None:
            yield f"{name}_off", f"{name}=None switches this part off for every route"
    if not errors:
        yield "errors_off", "errors=False: errors answer as the application has them"
    if policy.hosts is None:
        yield "hosts_off", "hosts=None: any Host header is believed; name the site's own"
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

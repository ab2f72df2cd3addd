"""Tells, when an application starts, which choices are weaker than guard's defaults (ASVS 5.0 V13.1).

Threat: an exception made for one afternoon that nobody sees again. What a preset has by itself says
nothing; each part judges its own options (``weaknesses()`` beside them), and this file what is switched
off, bounds that bound nothing, and what single routes want.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from buckler.guard import api_docs
from buckler.guard.limits.csrf import SAFE
from buckler.guard.options import INHERIT, Weakness, size
from buckler.guard.policy import Policy, Rates, rates
from buckler.guard.routes import WEBSOCKET, Route

_OFF: Final[Mapping[str, str]] = {
    "headers": "answers have none of the security headers; leave the default, or name one header",
    "csrf": "other sites may act with a visitor's cookies; Csrf(trusted=[...]) names exceptions",
    "websocket": "anybody's page may open a websocket and send without end; WebSocketLimits(...)",
    "hosts": "any Host header is believed; name the site's own",
    "body": "a body may fill the memory; name a size",
    "upload": "a form with files may fill the disk; name a size",
    "timeout": "a handler that waits for ever is never ended; name seconds",
    "concurrency": "any number of requests is under way at once; name what this process can hold",
}
"""Parts that None switches off, and what is lost."""
_LARGEST: Final[Mapping[str, int | str]] = {
    "body": "100 MB",
    "upload": "1 GB",
    "header_count": 1000,
    "header_size": "1 MiB",
    "address": "64 KiB",
    "query_keys": 10_000,
    "json_depth": 200,
    "json_keys": 1_000_000,
    "parts": 10_000,
    "files": 1000,
    "timeout": 300,
    "concurrency": 10_000,
}
"""Above these a bound keeps nobody from using up what there is."""
_SIZES: Final = frozenset(("body", "upload", "header_size", "address"))
_FASTEST: Final[Mapping[str, float]] = {"rate": 100.0, "sign_in_rate": 1.0}
"""Requests a second, on and on, of one caller; of a password more than one are guesses."""
_LISTED: Final = 3
_SERVERS: Final[Mapping[str, str]] = {
    "uvicorn": "--no-server-header, or uvicorn.run(..., server_header=False)",
    "hypercorn": "include_server_header = False in its configuration",
}
"""How a server is told not to name itself in every answer, where no application can take it out."""


def server() -> Iterator[Weakness]:
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


def of_application(app: Any) -> Iterator[Weakness]:
    """What an application has of itself that undoes a part of guard."""
    if getattr(app, "debug", False):
        yield "debug", "debug=True answers errors with a traceback; leave it out in production"
    for layer in getattr(app, "user_middleware", ()):
        options = getattr(layer, "kwargs", {})
        origins = options.get("allow_origins") or ()
        if isinstance(origins, Collection) and "*" in origins and options.get("allow_credentials"):
            yield (
                "cors_any",
                "CORSMiddleware reflects every origin with credentials; use cors=Cors()",
            )


def of_store(store: Any) -> Iterator[Weakness]:
    """What a store of rates does while it cannot count."""
    if getattr(store, "on_failure", "") == "open":
        yield (
            "rates_open",
            "on_failure='open': while Redis is away nothing is limited; 'local' counts in this process",
        )


def of_docs(routes: Iterable[Route]) -> Iterator[Weakness]:
    """Whether pages of the documentation run what a content network sends (CWE-829)."""
    if api_docs.assets() is None and any(
        route.docs in ("swagger", "redoc") for route in _all(routes)
    ):
        yield (
            "docs_from_network",
            "the documentation's pages run scripts of a content network; install buckler[docs], or "
            "docs_url=None and redoc_url=None",
        )


def of_policy(policy: Policy, base: Policy) -> Iterator[Weakness]:
    """What an application's policy is weaker in.

    Args:
        policy: Of the application.
        base: The preset that it was made of.
    """
    yield from _parts(policy)
    for name in ("rate", "sign_in_rate"):
        yield from _rate(name, getattr(policy, name))
    if policy.hosts is not None and "*" in policy.hosts:
        yield "any_host", "hosts holds '*': any Host header is believed; name the site's own"
    if policy.https is None and base.https is not None:
        yield "https_off", "https=None: plain http is served; 'redirect' or 'require'"


def of_routes(
    routes: Iterable[Route], policy: Policy, known: set[tuple[Weakness, str]] | None = None
) -> Iterator[Weakness]:
    """What single routes want weaker than the application has it, each sentence with their names.

    Args:
        routes: Of the application.
        policy: Of the application.
        known: Weakness and name of the route that were told already: left out here, and what is new
            is added. Routes may come while the application starts.
    """
    known = set() if known is None else known
    usual = {*_parts(policy), *_rate("rate", policy.rate)}
    usual |= {*_rate("sign_in_rate", policy.sign_in_rate)}
    named: dict[Weakness, dict[str, None]] = {}
    for route in _all(routes):
        for weakness in _wished(route, policy):
            name = _name(route)
            if weakness not in usual and (weakness, name) not in known:
                named.setdefault(weakness, {})[name] = None
    known.update((weakness, name) for weakness, names in named.items() for name in names)
    for (reason, sentence), names in named.items():
        listed = ", ".join(list(names)[:_LISTED])
        more = len(names) - _LISTED
        yield reason, f"{listed}{f' and {more} more' if more > 0 else ''}: {sentence}"


def _parts(policy: Policy) -> Iterator[Weakness]:
    for name, lost in _OFF.items():
        if getattr(policy, name) is None:
            yield f"{name}_off", f"{name}=None: {lost}"
    for name, largest in _LARGEST.items():
        value = getattr(policy, name)
        if value is not None and _number(name, value) > _number(name, largest):
            yield (
                f"{name}_large",
                f"{name}={value!r} keeps no one from using up what there is; {largest} at most",
            )
    for part in (policy.headers, policy.cors, policy.csrf, policy.websocket):
        if part is not None:
            yield from part.weaknesses()


def _number(name: str, value: Any) -> float:
    return size(value, name) if name in _SIZES else float(value)


def _rate(name: str, value: Rates) -> Iterator[Weakness]:
    """Whether a rate holds somebody back: the tightest of them counts."""
    found = rates(value)
    if not found:
        yield f"{name}_off", f"{name} is empty: anybody may ask as often as he can; name a rate"
        return
    if all(one.by == "principal" for one in found):
        yield (
            f"{name}_principal",
            f"{name} counts who is signed in alone, and nobody before; add a rate by address",
        )
    if min(one.limit / one.period for one in found) > _FASTEST[name]:
        yield (
            f"{name}_large",
            f"{name}: more than {_FASTEST[name]:.0f} a second, on and on, hold nobody back; name fewer",
        )


def _wished(route: Route, policy: Policy) -> Iterator[Weakness]:
    if not route.wishes or getattr(route.endpoint, "__module__", "").startswith("buckler.guard."):
        return
    kind = "sign_in_rate" if route.takes_password else "rate"
    wished, rated = policy, getattr(policy, kind)
    for wish in route.wishes:
        wished = wish.apply(wished)
        if wish.rate is not INHERIT and (not route.takes_password or wish in route.own):
            rated = wished.rate
    yield from _rate(kind, rated)
    if policy.inspect is not None and wished.inspect is None:
        yield (
            "inspect_off",
            "inspect=None: no value is looked at for attacks; name kinds in uninspected",
        )
    reads = route.methods is not None and route.methods <= SAFE | {WEBSOCKET}
    for reason, sentence in _parts(wished):
        of_headers = policy.headers is None and wished.headers is not None
        if reads and reason.startswith("csrf_"):
            continue  # it is never asked for methods that change nothing
        if of_headers and not reason.startswith("csp_") and (reason, sentence) in _silent():
            continue  # the application has none of the others either, which is told already
        if reason == "cache_control_shared":
            continue  # said of one route, it is known whom its answers are for
        yield reason, sentence


def _silent() -> frozenset[Weakness]:
    from buckler.guard.headers.policy import SILENT

    return frozenset(SILENT.weaknesses())


def _all(routes: Iterable[Route]) -> Iterator[Route]:
    for route in routes:
        yield route
        yield from _all(route.children or ())


def _name(route: Route) -> str:
    return f"{'|'.join(sorted(route.methods or ()))} {route.template}".strip()

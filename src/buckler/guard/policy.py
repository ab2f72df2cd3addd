"""What guard does for an application, as one value; presets are such values, a route's wishes change one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, ParamSpec, TypedDict, TypeVar

from buckler.guard.headers.content_security_policy import ContentSecurityPolicy
from buckler.guard.headers.policy import SILENT, HeaderPolicy
from buckler.guard.inspection.inspection import Inspection
from buckler.guard.inspection.sign import Attack, names
from buckler.guard.limits.cors import Cors
from buckler.guard.limits.csrf import Csrf
from buckler.guard.limits.hosts import Hosts
from buckler.guard.limits.proxies import Proxies
from buckler.guard.limits.rate import Rate
from buckler.guard.limits.websocket import WebSocketLimits
from buckler.guard.options import (
    INHERIT,
    GuardError,
    Inherit,
    count,
    instance,
    positive,
    size,
    texts,
)

Rates = str | Rate | Sequence[str | Rate] | None
F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
_KINDS = (
    ("headers", HeaderPolicy),
    ("cors", Cors),
    ("csrf", Csrf),
    ("websocket", WebSocketLimits),
    ("inspect", Inspection),
)
MARK = "__buckler_policy__"
"""Attribute of a handler that holds what :func:`with_policy` says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All of it. None switches a part off; what is weaker than the default says itself so.

    Sizes are bytes or texts such as ``"5 MB"``, times seconds, rates texts such as ``"100/minute"``.

    Attributes:
        headers: What answers say.
        hosts: Host names that the application answers to; empty: any (a finding of scan). None:
            ``Host`` is not looked at.
        https: What becomes of plain http: ``redirect``, ``require`` or None.
        proxies: Networks whose ``X-Forwarded-*`` is believed.
        cors: Who may read answers from another origin; None: nobody.
        csrf: The check of requests that another site may have caused.
        websocket: Bounds of websockets, and who may open one.
        header_count, header_size, address, query_keys: Bounds of a request's head; the size is that
            of all names and values together.
        body, upload: Bounds of a body, and of a form with files.
        json_depth, json_keys, parts, files: Bounds of what a body holds. JSON may have ten times as many
            arrays and objects as keys; a form without files has as many fields as JSON has keys.
        rate: How often an address may ask one route.
        sign_in_rate: The same for routes that take a password.
        timeout: Until an answer begins, the reading of the body included.
        concurrency: Requests under way at once, in this process.
        inspect: Whether values are looked at for attacks; None in every preset.

    Raises:
        GuardError: An option is wrong.
    """

    headers: HeaderPolicy | None = field(default_factory=HeaderPolicy)
    hosts: Sequence[str] | None = ()
    https: Literal["redirect", "require"] | None = None
    proxies: Sequence[str] = ()
    cors: Cors | None = None
    csrf: Csrf | None = field(default_factory=Csrf)
    websocket: WebSocketLimits | None = field(default_factory=WebSocketLimits)
    header_count: int = 100
    header_size: int | str = "32 KiB"
    address: int | str = "8 KiB"
    query_keys: int = 200
    body: int | str | None = "1 MB"
    upload: int | str | None = "10 MB"
    json_depth: int = 32
    json_keys: int = 10_000
    parts: int = 200
    files: int = 20
    rate: Rates = "600/minute"
    sign_in_rate: Rates = "10/minute"
    timeout: float | None = 30.0
    concurrency: int | None = 1000
    inspect: Inspection | None = None

    def __post_init__(self) -> None:
        for name, kind in _KINDS:
            instance(getattr(self, name), name, kind)
        # Lists are fixed: one that is read only once, as a generator, would be empty when plans are made.
        if self.hosts is not None:
            object.__setattr__(self, "hosts", texts(self.hosts, "hosts", "shop.example"))
        object.__setattr__(self, "proxies", texts(self.proxies, "proxies", "10.0.0.0/8"))
        # Made for what they refuse: a wrong network is told where it is written, not at the first request.
        Proxies(self.proxies)
        Hosts(self.hosts or ())
        for name in ("body", "upload"):
            if getattr(self, name) is not None:
                size(getattr(self, name), name)
        for name in ("header_size", "address"):
            count(size(getattr(self, name), name), name)
        for name in ("json_depth", "json_keys", "parts", "files", "header_count", "query_keys"):
            count(getattr(self, name), name)
        if self.timeout is not None:
            positive(self.timeout, "timeout")
        if self.concurrency is not None:
            count(self.concurrency, "concurrency")
        if self.https not in (None, "redirect", "require"):
            raise GuardError(
                f"https: {self.https!r} is not 'redirect', 'require' or None",
                hint="'redirect' sends those who read to https, 'require' refuses plain http",
            )
        for name in ("rate", "sign_in_rate"):
            object.__setattr__(self, name, _fixed(getattr(self, name), name))


def rates(value: Rates) -> tuple[Rate, ...]:
    """The rates that an option names, none or more.

    Raises:
        GuardError: One is none.
    """
    if value is None:
        return ()
    if isinstance(value, str | Rate):
        return (Rate.of(value),)
    return tuple(Rate.of(one) for one in value)


def _fixed(value: Rates, name: str) -> Rates:
    """What an option of rates says, its list as a tuple.

    Raises:
        GuardError: It is neither a rate nor a list of them.
    """
    if value is not None and not isinstance(value, str | Rate):
        if isinstance(value, bytes | Mapping | type) or not isinstance(value, Iterable):
            raise GuardError(
                f"{name}: {value!r} is no rate, list of rates or None",
                hint=f"write {name}='100/minute', or {name}=['5/second', '100/minute']",
            )
        value = tuple(value)
    rates(value)
    return value


# By identity: FastAPI keeps dependencies in a dictionary, and some of these values have no hash.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoutePolicy:
    """What one route wants otherwise; what it leaves out stays as it is for the application.

    It is a dependency, too, for a route or a whole router::

        router = APIRouter(dependencies=[Depends(RoutePolicy(body="50 MB"))])

    Attributes:
        headers: All of the headers; None sets none.
        content_security_policy: That header alone, also where the application has none.
        cache_control: The same, as a fixed value; it holds for every answer of the route.
        cors, csrf, body, upload, rate, timeout, inspect: As in :class:`Policy`.
        json_depth, json_keys, parts, files: As in :class:`Policy`.
        secrets: Names of fields that the route answers on purpose though they look like a secret.
        uninspected: Kinds of attack that are not looked for here, e.g. ``["xss", "template"]`` where
            pages are edited.

    Raises:
        GuardError: An option is wrong.
    """

    headers: HeaderPolicy | Inherit | None = INHERIT
    content_security_policy: ContentSecurityPolicy | Inherit | None = INHERIT
    cache_control: str | Inherit | None = INHERIT
    cors: Cors | Inherit | None = INHERIT
    csrf: Csrf | Inherit | None = INHERIT
    body: int | str | Inherit | None = INHERIT
    upload: int | str | Inherit | None = INHERIT
    json_depth: int | Inherit = INHERIT
    json_keys: int | Inherit = INHERIT
    parts: int | Inherit = INHERIT
    files: int | Inherit = INHERIT
    rate: Rates | Inherit = INHERIT
    timeout: float | Inherit | None = INHERIT
    inspect: Inspection | Inherit | None = INHERIT
    secrets: Sequence[str] = ()
    uninspected: Sequence[Attack | str] = ()

    def __post_init__(self) -> None:
        # Lists are fixed for the same reason as those of a policy.
        object.__setattr__(self, "secrets", texts(self.secrets, "secrets", "webhook_secret"))
        object.__setattr__(self, "uninspected", texts(self.uninspected, "uninspected", "xss"))
        names(self.uninspected, "uninspected")
        if not isinstance(self.rate, Inherit):
            object.__setattr__(self, "rate", _fixed(self.rate, "rate"))
        if not isinstance(self.cache_control, str | Inherit | None):
            raise GuardError(
                f"cache_control takes a text or None, not {self.cache_control!r}",
                hint="write cache_control='max-age=60'",
            )
        self.apply(Policy())

    async def __call__(self) -> None:
        """As a dependency it does nothing: guard reads it when the application starts."""

    def apply(self, policy: Policy) -> Policy:
        """The application's policy with this route's wishes."""
        from buckler.guard.headers.cache_control import CacheControl

        changes: Changes = {}
        for name in Changes.__annotations__:
            value = getattr(self, name, INHERIT)
            if not isinstance(value, Inherit):
                changes[name] = value  # type: ignore[literal-required]
        changed = replace(policy, **changes)
        if self.uninspected and changed.inspect is not None:
            changed = replace(changed, inspect=changed.inspect.but(self.uninspected))
        headers = changed.headers
        if headers is None:
            csp = self.content_security_policy
            if (csp is None or csp is INHERIT) and not isinstance(self.cache_control, str):
                return changed
            headers = SILENT  # but for what this route says
        if not isinstance(self.content_security_policy, Inherit):
            headers = replace(headers, content_security_policy=self.content_security_policy)
        if isinstance(self.cache_control, str):
            headers = replace(headers, cache_control=CacheControl(self.cache_control, "always"))
        elif self.cache_control is None:
            headers = replace(headers, cache_control=None)
        return replace(changed, headers=headers)


class Changes(TypedDict, total=False):
    """Options of :class:`Policy`, each as it may be given to ``Guard``."""

    headers: HeaderPolicy | None
    hosts: Sequence[str] | None
    https: Literal["redirect", "require"] | None
    proxies: Sequence[str]
    cors: Cors | None
    csrf: Csrf | None
    websocket: WebSocketLimits | None
    header_count: int
    header_size: int | str
    address: int | str
    query_keys: int
    body: int | str | None
    upload: int | str | None
    json_depth: int
    json_keys: int
    parts: int
    files: int
    rate: Rates
    sign_in_rate: Rates
    timeout: float | None
    concurrency: int | None
    inspect: Inspection | None


def _as_decorator(make: Callable[P, RoutePolicy]) -> Callable[P, Callable[[F], F]]:
    def with_policy(*args: P.args, **options: P.kwargs) -> Callable[[F], F]:
        wish = make(*args, **options)

        def mark(handler: F) -> F:
            setattr(handler, MARK, (*getattr(handler, MARK, ()), wish))
            return handler

        return mark

    return with_policy


with_policy = _as_decorator(RoutePolicy)
"""The same as :class:`RoutePolicy`, as a decorator below the route's, or around what is mounted::

    @app.post("/import")
    @with_policy(body="50 MB", rate="5/hour")
    async def import_products(...): ...

    app.mount("/static", with_policy(rate="6000/minute")(StaticFiles(directory="static")))
"""

"""What holds for each route, compiled when the application starts: a look into a dictionary per request."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from buckler.guard.headers.policy import SILENT
from buckler.guard.headers.writer import HeaderWriter
from buckler.guard.inbound import Inbound, Scope
from buckler.guard.limits.body import Body
from buckler.guard.limits.head import Head
from buckler.guard.limits.hosts import Hosts
from buckler.guard.limits.https import Https
from buckler.guard.limits.plain import UNLIMITED, Plain, compiled, unsure
from buckler.guard.limits.proxies import Proxies
from buckler.guard.limits.rate import RateCheck, RateStore
from buckler.guard.limits.websocket import WebSocketLimits
from buckler.guard.options import INHERIT, size
from buckler.guard.policy import Policy, Rates, rates
from buckler.guard.refusal import Refusal
from buckler.guard.routes import WEBSOCKET, Finder, Route, below, fits, host_name

if TYPE_CHECKING:
    from buckler.guard.access.access import Access
    from buckler.guard.headers.reports import Reports

REMEMBERED: Final = 4096
MAX_REMEMBERED: Final = 512
"""Characters of method and paths that are remembered: a flood of long ones must not fill the memory."""
MAX_ROOTED: Final = 256
"""Plans that are remembered for a root path."""
Asked = tuple[str, str, str | None]
"""Method, path, root path."""
Check = Callable[[Inbound], Refusal | None]
Look = Callable[[Scope], None]


class Plan:
    """What holds for one route.

    Attributes:
        template: Of its path; ``*`` for what no route answers.
        reading: Checks of methods that change nothing; called in order, the first refusal counts.
        checks: Those of all others.
        more: Headers of every answer to a request without an origin.
        usual: Those of most answers: the same, and what is left of the rate.
        connecting: The same for a websocket's handshake.
        personal: Rates by principal.
        plain: Says of most requests in one call that they are fine.
        waiting: Rates that are counted elsewhere.
        writer: Of its headers.
        body: Bounds of a body, or None.
        timeout: Seconds until its answer begins; infinite for no limit.
        secrets: Fields that it answers on purpose.
        answered: Fields that its response model declares.
        blocking: Whether it runs in a thread, which cannot be ended.
        policy: What all of this was made of.
        access: What decides who may pass, where there are identities.
        websocket: Bounds of its messages, or None.
    """

    __slots__ = (
        "access",
        "answered",
        "blocking",
        "body",
        "checks",
        "connecting",
        "more",
        "personal",
        "plain",
        "policy",
        "reading",
        "secrets",
        "template",
        "timeout",
        "usual",
        "waiting",
        "websocket",
        "writer",
    )

    def __init__(
        self,
        template: str,
        policy: Policy,
        parts: Parts,
        rated: Rates,
        secrets: frozenset[str] = frozenset(),
        *,
        answered: frozenset[str] = frozenset(),
        rated_as: str = "",
        blocking: bool = False,
    ) -> None:
        self.template = template
        self.policy = policy
        self.secrets = secrets
        self.answered = answered
        self.timeout = math.inf if policy.timeout is None else policy.timeout
        self.more = policy.cors.more if policy.cors is not None else ()
        self.body = _body(policy)
        self.websocket: WebSocketLimits | None = policy.websocket
        self.access = parts.access
        self.blocking = blocking
        counted = [
            RateCheck(rate, parts.store, rated_as or template, parts.look, base=self.more)
            for rate in rates(rated)
        ]
        self.personal = tuple(one for one in counted if one.rate.by == "principal")
        counted = [one for one in counted if one.rate.by != "principal"]
        self.waiting = tuple(one for one in counted if one.waits)
        counting = [one for one in counted if not one.waits]
        quick = [one.check for one in counting]
        self.usual = counting[0].usual if len(counting) == 1 else self.more
        self.writer = HeaderWriter(policy.headers or SILENT, self.usual)
        shared: list[Check] = [parts.head.check] if parts.head is not None else []
        if parts.https is not None:
            shared.append(parts.https.check)
        if parts.proxies is not None:
            shared.insert(0, parts.proxies.check)
        checks = list(shared)
        if policy.cors is not None:
            # First: a preflight is not counted, and a refusal can be read by who may read answers.
            checks.append(policy.cors.check)
        checks += quick
        self.reading: tuple[Check, ...] = tuple(checks)
        if policy.csrf is not None:
            checks.append(policy.csrf.beside(policy.cors).check)
        self.checks: tuple[Check, ...] = tuple(checks)
        self.plain: Plain = unsure
        if parts.https is None and not self.waiting:
            self.plain = compiled(parts.head, parts.proxies, counting, self.body)
        connecting = [*shared, *quick]
        if policy.websocket is not None:
            connecting.append(policy.websocket.check)
        self.connecting: tuple[Check, ...] = tuple(connecting)


def _body(policy: Policy) -> Body | None:
    if policy.body is None and policy.upload is None:
        return None
    limit = UNLIMITED if policy.body is None else size(policy.body, "body")
    upload = UNLIMITED if policy.upload is None else size(policy.upload, "upload")
    return Body(
        limit,
        upload,
        json_depth=policy.json_depth,
        json_keys=policy.json_keys,
        parts=policy.parts,
        files=policy.files,
    )


class Parts:
    """The checks that all routes of an application share.

    Args:
        policy: Of the application.
        store: Where rates are counted.
        head: Whether a request's head is looked at.
        look: Looks whether callers can be told apart, where no proxies are configured.
        access: What decides who may pass, where there are identities.
    """

    __slots__ = ("access", "head", "https", "look", "proxies", "store")

    def __init__(
        self,
        policy: Policy,
        store: RateStore,
        *,
        head: bool = True,
        look: Look | None = None,
        access: Access | None = None,
    ) -> None:
        self.store = store
        self.access = access
        self.look = None if policy.proxies else look
        self.https = Https(policy.https) if policy.https is not None else None
        self.proxies = Proxies(policy.proxies) if policy.proxies else None
        self.head: Head | None = None
        if head:
            self.head = Head(
                None if policy.hosts is None else Hosts(policy.hosts),
                policy.header_count,
                size(policy.header_size, "header_size"),
                size(policy.address, "address"),
                policy.query_keys,
            )


class Plans:
    """The plans of an application's routes.

    Args:
        routes: Of the application; none where a layer stands around something else.
        policy: Of the application.
        store: Where rates are counted.
        documented: Policies of FastAPI's documentation pages, by kind.
        wished_rates: Whether rates that routes state count.
        head: Whether a request's head is looked at.
        reports: Where browsers tell what a policy stopped.
        look: Looks whether callers can be told apart, where no proxies are configured.
        access: What decides who may pass, where there are identities.
        denying: Whether a route that is silent of who may pass must not be answered.
    """

    def __init__(
        self,
        routes: tuple[Route, ...],
        policy: Policy,
        store: RateStore,
        documented: Mapping[str, Policy] | None = None,
        *,
        wished_rates: bool = True,
        head: bool = True,
        reports: Reports | None = None,
        look: Look | None = None,
        access: Access | None = None,
        denying: bool = False,
    ) -> None:
        self._reports = reports
        self._rooted: dict[tuple[Plan, str], Plan] = {}
        self._policy = policy
        self._parts = Parts(policy, store, head=head, look=look, access=access)
        self._documented = documented or {}
        self._wished_rates = wished_rates
        self._plans: dict[int, Plan] = {}
        self._finders: dict[int, Finder] = {}
        self.known: dict[Asked, Plan] = {}
        """By method, path and root path, some of those that were asked for."""
        self._routes = routes
        self._top = Finder(routes)
        self._by_host = False
        self._denying = denying
        self._compile(routes)
        self.default = self._telling(Plan("*", policy, self._parts, policy.rate))

    def of(self, scope: Scope) -> Plan:
        """The plan of a request."""
        path = scope["path"]
        method = scope["method"] if scope["type"] == "http" else WEBSOCKET
        root = scope.get("root_path")
        plan = self.known.get((method, path, root))
        if plan is not None:
            return plan
        if self._parts.look is not None:
            self._parts.look(scope)
        plan, certain = self._find(scope, path, root or "", method)
        if root and self._reports is not None:
            plan = self._below(plan, root)
        # All of them are the caller's to write, and this is before any check.
        asked = len(method) + len(path) + len(root or "")
        if self._denying and not certain:
            return plan  # a route may be added: it must be seen by the audit
        if asked <= MAX_REMEMBERED and not self._by_host:
            if len(self.known) >= REMEMBERED:
                self.known.clear()
            self.known[(method, path, root)] = plan
        return plan

    def knows(self, scope: Scope) -> bool:
        """Whether a request's plan is remembered."""
        method = scope["method"] if scope["type"] == "http" else WEBSOCKET
        return (method, scope["path"], scope.get("root_path")) in self.known

    def all(self) -> Iterator[Plan]:
        """Every plan."""
        yield self.default
        yield from self._plans.values()

    def _find(self, scope: Scope, path: str, root: str, method: str) -> tuple[Plan, bool]:
        """The plan, and whether it is that of a route which takes the path and the method."""
        host = host_name(scope["headers"]) if self._by_host else ""
        finder = self._top
        chosen, certain = self.default, False
        while True:
            route, above = finder.find(below(path, root), method, host)
            if route is None:
                return chosen, certain
            chosen = self._plans[id(route)]
            if route.children is None:
                return chosen, fits(route, method)
            # Of a mounted application that shows no routes, nothing can be added.
            certain = not hasattr(route.application, "routes")
            finder = self._finders[id(route)]
            root += above

    def _compile(self, routes: tuple[Route, ...]) -> None:
        for route in routes:
            self._plans[id(route)] = self._plan(route)
            if route.host is not None:
                self._by_host = True
            if route.children is not None:
                self._finders[id(route)] = Finder(route.children)
                self._compile(route.children)

    def _plan(self, route: Route) -> Plan:
        policy = self._documented.get(route.docs, self._policy) if route.docs else self._policy
        if route.static and policy.headers is not None:
            # Files are the same for everybody, whoever asks for them.
            policy = replace(policy, headers=replace(policy.headers, cache_control=None))
        rated: Any = policy.sign_in_rate if route.takes_password else policy.rate
        secrets: set[str] = set()
        for wish in route.wishes:
            policy = wish.apply(policy)
            # A router's rate is meant for what it has most of, not for its sign-in.
            counts = not route.takes_password or wish in route.own
            if wish.rate is not INHERIT and self._wished_rates and counts:
                rated = policy.rate
            secrets.update(name.lower() for name in wish.secrets)
        if route.takes_key and policy.headers is not None:
            # A key of the application's own is not seen for one when the request is there.
            policy = replace(policy, headers=policy.headers.for_somebody())
        methods = "|".join(sorted(route.methods or ()))
        plan = Plan(
            route.template,
            policy,
            self._parts,
            rated,
            frozenset(secrets),
            answered=route.answered,
            rated_as=f"{methods} {route.template}",
            blocking=route.blocking,
        )
        return self._telling(plan)

    def _telling(self, plan: Plan, root: str = "") -> Plan:
        """The same plan, its browsers told where to report: counters stay shared."""
        if self._reports is None:
            return plan
        told = copy(plan)
        told.writer = HeaderWriter(
            self._reports.told(plan.policy.headers or SILENT, root), plan.usual
        )
        return told

    def _below(self, plan: Plan, root: str) -> Plan:
        """The same for a root path; below a mount with a parameter there are any number."""
        found = self._rooted.get((plan, root))
        if found is None:
            found = self._telling(plan, root)
            if len(self._rooted) >= MAX_ROOTED:
                self._rooted.clear()
            if len(root) <= MAX_REMEMBERED:
                self._rooted[plan, root] = found
        return found

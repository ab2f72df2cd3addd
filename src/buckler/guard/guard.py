"""``Guard(app)``: puts the layer around an application, in the one place where nothing gets past it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from buckler.guard import api_docs
from buckler.guard.access.deny import Entry, table
from buckler.guard.access.requirement import MARK as ACCESS
from buckler.guard.access.requirement import PUBLIC
from buckler.guard.access.setup import AccessSetup
from buckler.guard.audit.events import EventKind, Listener, SecurityEvent
from buckler.guard.audit.teller import Teller
from buckler.guard.headers.reports import Reports
from buckler.guard.layer import Layer
from buckler.guard.limits.callers import OneCaller
from buckler.guard.limits.memory import MemoryStore
from buckler.guard.limits.rate import RateStore
from buckler.guard.options import GuardError, Weakness, check_listener, check_store, flag
from buckler.guard.plans import Plans
from buckler.guard.policy import Changes, Policy, Rates
from buckler.guard.presets import PRESETS, Preset
from buckler.guard.response_check.judging import MODES, Mode, chosen
from buckler.guard.routes import applications, read
from buckler.guard.stack import Stack

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from buckler.guard.access import dependencies, owners
    from buckler.guard.access.roles import RolesGiven
    from buckler.guard.auth.identities import Identities
    from buckler.guard.auth.policy import AuthPolicy, Secret
    from buckler.guard.stores.interface import Stores

INSTALLED = "__buckler_guard__"


class Guard:
    """Guards a FastAPI or Starlette application.

    ``Guard(app)`` gives headers, bounds and errors. The layer stands outside of Starlette's own error
    handling, so that it also meets the 500 that nobody caught.

    Args:
        app: Not started yet.
        preset: ``api``, ``site`` or ``strict``; or a policy of your own.
        events: Gets the security events, e.g. ``Audit(...)``.
        store: Where rates are counted: this process, or Redis for many.
        errors: Whether errors become problem details that tell nothing.
        local_docs: Whether ``/docs`` and ``/redoc`` work under the policy, their assets served from
            here (the ``docs`` extra).
        answers: What becomes of a JSON answer that holds what looks like a secret: ``fail``, ``log`` or
            ``strip``; ``auto`` fails in development and under pytest and looks at nothing elsewhere.
        csp_reports: Path of an endpoint for the reports of browsers, e.g. ``/csp-reports``.
        secret: 32 random bytes or more, behind tokens; a list where one is being replaced: the first
            signs, all are believed. With it the application has identities.
        database: Where they are kept: ``sqlite+aiosqlite:///shop.db``, ``postgresql+asyncpg://...``,
            ``SqlStores(...)``, ``MemoryStores()``.
        roles: Names, and the permissions of each: ``{"clerk": ["orders:read"], "admin": ["*"]}``.
        auth: How people and programs come in.
        docs: Who may read the documentation: ``public``, ``signed_in`` or a permission.
        deny: Whether every route must say who may pass; else where there are identities.
        changes: Options of :class:`~buckler.guard.Policy` that differ from the preset's.

    Raises:
        GuardError: An option is wrong, the application runs already, or it has a guard.
    """

    def __init__(
        self,
        app: Starlette,
        preset: Preset | Policy = "api",
        *,
        events: Listener | None = None,
        store: RateStore | None = None,
        errors: bool = True,
        local_docs: bool = True,
        answers: Mode | None = "auto",
        csp_reports: str | Reports | None = None,
        secret: Secret | None = None,
        database: str | Stores | None = None,
        roles: RolesGiven | None = None,
        auth: AuthPolicy | None = None,
        docs: Any = None,
        deny: bool | None = None,
        **changes: Unpack[Changes],
    ) -> None:
        if not hasattr(app, "build_middleware_stack"):
            raise GuardError(
                f"Guard takes a FastAPI or Starlette application, not {type(app).__name__}",
                hint="give it the application itself, before other layers are put around it",
            )
        if getattr(app, "middleware_stack", None) is not None:
            raise GuardError(
                "the application runs already", hint="call Guard(app) where it is made"
            )
        if hasattr(app, INSTALLED):
            raise GuardError("the application has a guard", hint="call Guard(app) once")
        base = _base(preset)
        check_listener(events)
        check_store(store)
        flag(errors, "errors")
        flag(local_docs, "local_docs")
        if answers not in (None, *MODES):
            raise GuardError(
                f"answers: {answers!r} is not one of {', '.join(MODES)}",
                hint="write answers='log', or answers=None to look at no answer",
            )
        self.app = app
        self.policy = replace(base, **changes)
        self._base = base if isinstance(preset, str) else Policy()
        self._events = events
        self._teller = None if events is None else Teller(events)
        self._store = MemoryStore() if store is None else store
        self._errors = errors
        self._docs = local_docs
        self._answers = chosen(answers)
        self._unchecked = answers is None
        self._caller = OneCaller(self.tell)
        self._more: list[Teller] = []
        self._layer: Layer | None = None
        self._rates_alone = False
        self._told: set[Weakness] = set()
        self._told_of_routes: set[tuple[Weakness, str]] = set()
        self._inspecting = False
        self._ended = False
        self.reports = _reports(csp_reports)
        made = _identities(secret, database, roles, auth, self.tell, str(getattr(app, "title", "")))
        self._access = AccessSetup(made, docs, deny)
        if made is not None:
            made.know(self._access.permissions)
            if made.offers_passkeys:
                self.policy = _with_passkeys(self.policy)
        self._build: Callable[[], Any] = app.build_middleware_stack
        # The instance's own attribute: Starlette calls it once, when the first message comes.
        app.build_middleware_stack = self._stack  # type: ignore[method-assign]
        setattr(app, INSTALLED, self)

    if TYPE_CHECKING:
        requires = staticmethod(dependencies.requires)
        owned = staticmethod(owners.owned)
        authenticated = dependencies.authenticated
        optional = dependencies.optional
        public = dependencies.public
    else:

        def __getattr__(self, name: str) -> Any:
            # FastAPI's own part is imported when it is asked for: guard stands around Starlette, too.
            if name == "owned":
                from buckler.guard.access.owners import owned

                return owned
            if name in ("requires", "authenticated", "optional", "public"):
                from buckler.guard.access import dependencies

                return getattr(dependencies, name)
            raise AttributeError(f"Guard has no attribute {name!r}")

    @property
    def identities(self) -> Identities:
        """Accounts, credentials and roles, for the application's own code.

        Raises:
            GuardError: There are none.
        """
        if self._access.identities is None:
            raise GuardError(
                "the guard has no identities",
                hint="write Guard(app, secret=..., database='sqlite+aiosqlite:///shop.db')",
            )
        return self._access.identities

    def access_table(self) -> list[Entry]:
        """Every route and who may call it, in the order in which they are tried."""
        return list(table(read(self.app)))

    @contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        """Tell somebody more of the security events, for a while."""
        teller = Teller(listener)
        self._more.append(teller)
        try:
            yield
        finally:
            self._more.remove(teller)

    @contextmanager
    def rated(self, rate: Rates) -> Iterator[None]:
        """Count by another rate for a while, from zero; None: not at all."""
        before = self.policy
        self.policy = replace(before, rate=rate, sign_in_rate=rate)
        self._rates_alone = True
        self._again()
        try:
            yield
        finally:
            self.policy, self._rates_alone = before, False
            self._again()

    def tell(self, event: SecurityEvent) -> None:
        """Tell everybody who listens; one that fails is logged, and keeps nobody else from hearing it."""
        if self._teller is not None:
            self._teller(event)
        for listener in tuple(self._more):
            listener(event)

    def _again(self) -> None:
        if self._layer is not None:
            self._layer.recompile()

    def _stack(self) -> Layer:
        if self._errors:
            from buckler.guard.errors.handlers import install

            install(self.app)
        if self._docs:
            for one in (self.app, *applications(self.app)):
                api_docs.install(one)
        if self.reports is not None and self._layer is None:  # else it is built again
            route = self.reports.route(self.tell)
            setattr(route, ACCESS, PUBLIC)
            self.app.router.routes.insert(0, route)
        self._access.install(self.app)
        stack = Stack(self._build())
        self._inspecting = False  # of a layer that is new
        self._layer = Layer(
            stack.whole,
            self._plans,
            listener=self.tell,
            concurrency=self.policy.concurrency,
            opening=None if self._access.identities is None else self._access.identities.ready,
            outdated=lambda: self._access.outdated(self.app),
            closing=self._close,
            answers=self._answers,
            stack=stack,
        )
        return self._layer

    def _plans(self) -> Plans:
        self._reopen()
        routes = tuple(read(self.app))
        self._access.check(self.app, routes)
        plans = Plans(
            routes,
            self.policy,
            self._store,
            api_docs.policies(self.policy, self._access.signs_in_at()),
            wished_rates=not self._rates_alone,
            reports=self.reports,
            look=self._caller.look,
            access=self._access.access,
            denying=self._access.denies,
        )
        self._inspect(plans)
        if not self._rates_alone:  # what a test changes is nobody's choice
            self._tell_weaknesses()
        return plans

    def _inspect(self, plans: Plans) -> None:
        """Put the look at values around the application, where a policy wants it."""
        if self._layer is None or self._inspecting:
            return
        if any(plan.policy.inspect is not None for plan in plans.all()):
            from buckler.guard.inspection.inspecting import Inspecting

            self._layer.put_around(lambda app: Inspecting(app, self.tell))
            self._inspecting = True

    def weaknesses(self) -> list[tuple[str, str]]:
        """What is set weaker than the defaults: a word and a sentence for each; routes by name."""
        return self._found(set())

    def _tell_weaknesses(self) -> None:
        """Tell each once; plans are made again when the application has started, with routes that came then."""
        for weakness in self._found(self._told_of_routes):
            if weakness not in self._told:
                self._told.add(weakness)
                self._tell(*weakness)

    def _found(self, known: set[tuple[Weakness, str]]) -> list[Weakness]:
        from buckler.guard import weaknesses

        routes = tuple(read(self.app))
        found = [
            *weaknesses.server(),
            *weaknesses.of_application(self.app),
            *weaknesses.of_policy(self.policy, self._base),
            *weaknesses.of_store(self._store),
            *weaknesses.of_docs(routes),
            *weaknesses.of_routes(routes, self.policy, known),
            *self._access.weaknesses(),
        ]
        if not self._errors:
            found.append(("errors_off", "errors=False: errors answer as the application has them"))
        if self._unchecked:
            found.append(
                ("answers_off", "answers=None: no answer is looked at for secrets; leave 'auto'")
            )
        return found

    def _tell(self, reason: str, message: str) -> None:
        logging.getLogger("buckler.guard").warning("%s: %s", reason, message)
        self.tell(SecurityEvent(kind=EventKind.CONFIGURATION, reason=reason, message=message))

    async def _close(self) -> None:
        if self._access.identities is not None:
            await self._access.identities.close()
        close = getattr(self._events, "close", None)
        if close is not None:
            import anyio.to_thread

            try:
                await anyio.to_thread.run_sync(close)
            except Exception:
                logging.getLogger("buckler.guard").exception("events: the listener did not close")
        self._ended = True
        self._again()  # a second start makes plans before the application's own start-up code runs

    def _reopen(self) -> None:
        """Let the listener take events again, where the application had ended and starts once more."""
        if not self._ended:
            return
        self._ended = False
        reopen = getattr(self._events, "open", None)
        if reopen is not None:
            try:
                reopen()
            except Exception:
                logging.getLogger("buckler.guard").exception("events: the listener did not open")


def _identities(
    secret: Secret | None,
    database: str | Stores | None,
    roles: RolesGiven | None,
    auth: AuthPolicy | None,
    tell: Listener,
    title: str,
) -> Identities | None:
    """The identities of an application, where one of their options is given."""
    if secret is None and database is None and roles is None and auth is None:
        return None
    from buckler.guard.auth.identities import Identities

    return Identities(secret, database, roles=roles, policy=auth, tell=tell, title=title)


def _with_passkeys(policy: Policy) -> Policy:
    """The policy, by which the site's own pages may use passkeys."""
    headers = policy.headers
    if headers is None or headers.permissions_policy is None:
        return policy
    allowed = headers.permissions_policy.with_passkeys()
    return replace(policy, headers=replace(headers, permissions_policy=allowed))


def _base(preset: Preset | Policy) -> Policy:
    if isinstance(preset, Policy):
        return preset
    if isinstance(preset, str) and preset in PRESETS:
        return PRESETS[preset]()
    raise GuardError(
        f"there is no preset {preset!r}", hint=f"one of {', '.join(PRESETS)}, or a Policy(...)"
    )


def _reports(given: str | Reports | None) -> Reports | None:
    # What is neither is told as the path that it is not.
    return given if given is None or isinstance(given, Reports) else Reports(given)

"""The application: its pages and its interface for programs, behind guard."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from typing import Final

import anyio.from_thread
from fastapi import FastAPI

from buckler import __version__
from buckler.guard import AuthPolicy, Guard
from buckler.guard.auth.names import normalise
from buckler.guard.auth.secret import derive
from buckler.watch.api import alerts, events, findings, identities, scans, system, targets, vex
from buckler.watch.api.common import ADMIN, EVENTS, METRICS, READ, SCAN, WRITE, install
from buckler.watch.errors import MissingError
from buckler.watch.service import Service
from buckler.watch.web import audit_log, openid
from buckler.watch.web import install as pages
from buckler.watch.web.answers import SIGN_IN
from buckler.watch.web.rights import ChannelRights

ADMINISTRATOR: Final = "admin"
APPLICATION: Final = "application"
"""Role of the accounts by which applications send their events."""
ROLES: Final = {
    "reader": [READ],
    "analyst": [READ, SCAN, WRITE],
    APPLICATION: [EVENTS],
    "monitor": [METRICS],
    "admin": [READ, SCAN, WRITE, ADMIN, METRICS, "*"],
}
_SEEING: Final = frozenset(role for role, may in ROLES.items() if ADMIN in may)
_BLIND: Final = frozenset(role for role, may in ROLES.items() if READ not in may)
LINK_SECONDS: Final = 600.0


class Links:
    """Links that sign an account in, each once and for ten minutes; kept in this process alone, as digests.

    Args:
        clock: Seconds, of a clock that nobody sets.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[str, float]] = {}

    def issue(self, user_id: str) -> str:
        """A token for an account."""
        token = secrets.token_urlsafe(32)
        self._known[_digest(token)] = (user_id, self._clock() + LINK_SECONDS)
        return token

    def take(self, token: str) -> str:
        """Whose token it is; it is none from now on.

        Raises:
            MissingError: It is none.
        """
        user_id, ends = self._known.pop(_digest(token), ("", 0.0))
        if not user_id or self._clock() >= ends:
            raise MissingError("link")
        return user_id


def create_app(service: Service) -> FastAPI:
    """The application of a service.

    Args:
        service: Whose data it shows; not necessarily running.
    """
    app = FastAPI(title="Buckler watch", version=__version__, docs_url="/api/docs", redoc_url=None)
    app.state.service = service
    app.state.links = Links()
    app.state.audit = audit_log.listener(
        service.place, ChannelRights(service.database, _SEEING, _BLIND)
    )
    guard = Guard(
        app,
        pages.policy(),
        events=app.state.audit,
        secret=derive(service.key, "watch identities").hex(),
        database=_identities(service),
        roles=ROLES,
        auth=AuthPolicy(
            ways=["session", "api_key"],
            sign_up=False,
            key_prefix="bkw",
            sign_in_page=SIGN_IN,
            base_url=service.options.base_url,
        ),
        docs="signed_in",
        hosts=service.options.known_hosts,
    )
    app.state.guard = guard
    service.is_account = lambda user_id: anyio.from_thread.run(_has, guard, user_id)
    install(app)
    # First, since routes are tried in order and people wait for pages.
    pages.install(app, service)
    app.include_router(guard.identities.router())
    if service.options.openid is not None:
        openid.install(app, guard.identities, service.options.openid)
    for router in (
        targets.router,
        scans.router,
        findings.router,
        alerts.router,
        events.router,
        identities.router,
        vex.router,
    ):
        app.include_router(router, prefix="/api")
    app.include_router(system.router)
    return app


async def administrator(app: FastAPI) -> tuple[str, str]:
    """The first account, made where there is none; its id, and the path that signs it in once."""
    identities = app.state.guard.identities
    await identities.ready()
    user = await identities.stores.users.by_name(normalise(ADMINISTRATOR))
    if user is None:
        user = await identities.add_account(ADMINISTRATOR, roles=["admin"], verified=True)
    return user.id, f"/sign-in/{app.state.links.issue(user.id)}"


async def _has(guard: Guard, user_id: str) -> bool:
    await guard.identities.ready()
    return await guard.identities.stores.users.get(user_id) is not None


def _identities(service: Service) -> str:
    if service.database.is_sqlite:
        return service.place.identities
    return service.database.url.render_as_string(hide_password=False)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

"""Starts an application, with the servers that it wants.

Which ones those are is known once it was started: by the drivers that it imported. What its source
names is brought before; where more is wanted then, it is started again with that.
"""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Any

from buckler.core.errors import ApplicationError, TargetError
from buckler.core.events import GapFound, Listener, Note
from buckler.core.report import SERVER_NAMES
from buckler.scan.engines.app.child import ChildLost
from buckler.scan.engines.app.servers.bring import HINTS, Servers
from buckler.scan.engines.app.session import Session, Started
from buckler.scan.formats import clean

MAX_FAILED = 5
MAX_TOLD = 700
_HELP = (
    (
        re.compile("superuser|permission denied|access denied|must be owner", re.IGNORECASE),
        "nobody is a superuser on the scan's own server: let the migration go on where that is refused",
    ),
    (
        re.compile("extension .* is not available"),
        "install that extension of PostgreSQL on this machine",
    ),
    (
        re.compile("was not done within"),
        "leave out of an empty database what takes long, or let app-seed make the tables",
    ),
)
"""What a failure to make tables says, and what the user can do about it."""
_ABSENT = re.compile(r": LoadError: ([\w.]+) has no '([\w.]+)'$")


def start(session: Session, guessed: Iterable[str], emit: Listener) -> Started:
    """Start the application of a session.

    Args:
        session: Not started yet.
        guessed: Kinds of servers that the source names.
        emit: Gets what was brought, and what could not be.

    Raises:
        TargetError: The module has no such attribute; the user can put it right.
        ApplicationError: The application does not import.
    """
    servers = session.servers
    if servers is None:
        return _begun(session)
    begun = time.monotonic()
    filled = list(_fill(session)) if servers.bring(guessed) else []
    failure: ApplicationError | None = None
    started: Started | None = None
    last = time.monotonic()
    try:
        started = _begun(session)
    except ApplicationError as error:
        failure = error
    if servers.bring(session.drivers):
        session.stop()
        filled = list(_fill(session))
        last = time.monotonic()
        started = _begun(session)
    if servers.kinds:
        servers.seconds = last - begun
        told = ", ".join(SERVER_NAMES[kind] for kind in servers.kinds)
        emit(Note("app", f"brought for this scan: {told}"))
    for gap in (*filled, *_short(servers)):
        emit(gap)
    if started is None:
        raise failure or ApplicationError("the application does not start")
    return started


def _short(servers: Servers) -> Iterator[GapFound]:
    """What is not as it would be on the application's own servers."""
    for kind in sorted(servers.made):
        name = SERVER_NAMES[kind]
        why = f"no {name} is on this machine, so a stand-in answered: its rows may be made up"
        if kind in servers.failed:
            why = f"{servers.failed[kind].message}, so a stand-in answered: its rows may be made up"
        elif servers.mode == "stand-in":
            why = "a stand-in answered, as --database asks: its rows may be made up"
        yield GapFound(name, why, "" if servers.mode == "stand-in" else HINTS[kind])
    for kind, problem in servers.failed.items():
        if kind not in servers.made:
            yield GapFound(SERVER_NAMES[kind], problem.message, problem.hint)


def _fill(session: Session) -> Iterator[GapFound]:
    """Make the tables; yields what could not be made."""
    session.migrate = True
    told = yield from _filled(session)
    if told.get("stuck") and told.get("how") == "alembic":
        # The process of a migration that goes on is of no use, so the models have one of their own.
        session.migrate = False
        if told.get("models"):
            yield from _filled(session)


def _filled(session: Session) -> Generator[GapFound, None, Mapping[str, Any]]:
    try:
        told = session.fill()
    except (ApplicationError, ChildLost) as error:
        yield GapFound("tables", f"they could not be made: {error.message}", error.hint)
        return {}
    goes_on = "the scan goes on with what is there"
    if told.get("models"):
        goes_on = "what is missing was made from the models, as far as it can be"
    failures = told.get("failed")
    for failed in failures[:MAX_FAILED] if isinstance(failures, list) else ():
        why = clean.line(str(failed))[:MAX_TOLD]
        hint = next((hint for known, hint in _HELP if known.search(why)), "")
        yield GapFound("tables", f"{why}; {goes_on}", hint)
    return told


def _begun(session: Session) -> Started:
    """Start, and tell a name that is not there from code that fails.

    Raises:
        TargetError: The module has no such attribute; the user can put it right.
        ApplicationError: The application does not import.
    """
    try:
        return session.start()
    except ApplicationError as error:
        absent = _ABSENT.search(error.message)
        if absent is None:
            raise
        module, name = absent.groups()
        raise TargetError(
            f"the module {module} has no attribute {name!r}",
            hint="name the application that is in it: buckler scan module:app",
        ) from error

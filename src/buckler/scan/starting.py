"""Starts an application, with the servers that it wants.

Which ones those are is known once it was started: by the drivers that it imported. So it is
started without them first, and again when they are there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from buckler.core.errors import ApplicationError, TargetError
from buckler.core.events import GapFound, Listener, Note
from buckler.core.report import SERVER_NAMES
from buckler.scan.engines.app.child import ChildLost
from buckler.scan.engines.app.servers.bring import HINTS, Servers
from buckler.scan.engines.app.session import Session, Started

_ABSENT = re.compile(r": LoadError: ([\w.]+) has no '([\w.]+)'$")


def start(session: Session, emit: Listener) -> Started:
    """Start the application of a session.

    Args:
        session: Not started yet.
        emit: Gets what was brought, and what could not be.

    Raises:
        TargetError: The module has no such attribute; the user can put it right.
        ApplicationError: The application does not import.
    """
    failure: ApplicationError | None = None
    started: Started | None = None
    try:
        started = _begun(session)
    except ApplicationError as error:
        failure = error
    servers = session.servers
    if servers is not None and servers.bring(session.drivers):
        session.stop()
        _fill(session, emit)
        started = _begun(session)
        told = ", ".join(SERVER_NAMES[kind] for kind in servers.kinds)
        emit(Note("app", f"brought for this scan: {told}"))
    for gap in _short(servers) if servers is not None else ():
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


def _fill(session: Session, emit: Listener) -> None:
    try:
        told = session.fill()
    except (ApplicationError, ChildLost) as error:
        emit(GapFound("tables", f"they could not be made: {error.message}", error.hint))
        return
    for failed in told.get("failed", ()):
        emit(GapFound("tables", f"{told.get('how')}: {failed}"[:700]))


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

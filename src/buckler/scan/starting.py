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
from buckler.scan.engines.app import leftovers
from buckler.scan.engines.app.child import ChildLost
from buckler.scan.engines.app.servers.bring import HINTS, Servers
from buckler.scan.engines.app.servers.interface import ServerError
from buckler.scan.engines.app.session import Session, Started
from buckler.scan.formats import clean

MAX_FAILED = 5
MAX_TOLD = 700
_TROUBLE = re.compile("error|fatal|panic|cannot|could not|no space left", re.IGNORECASE)
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
    started = _brought(session, guessed, emit)
    del session.faults[:-1]  # of starts without what it wanted
    return started


def _brought(session: Session, guessed: Iterable[str], emit: Listener) -> Started:
    servers = session.servers
    if servers is None:
        return _begun(session)
    begun = time.monotonic()
    filled = list(_fill(session, servers)) if servers.bring(guessed) else []
    failure: ApplicationError | None = None
    started: Started | None = None
    last = time.monotonic()
    try:
        started = _begun(session)
    except ApplicationError as error:
        failure = error
    if servers.bring(session.drivers):
        session.stop()
        filled = list(_fill(session, servers))
        last = time.monotonic()
        started = _begun(session)
    if servers.kinds:
        servers.seconds += last - begun
        told = ", ".join(SERVER_NAMES[kind] for kind in servers.kinds)
        emit(Note("app", f"brought for this scan: {told}"))
    for gap in (*filled, *_short(servers)):
        emit(gap)
    if started is None:
        raise failure or ApplicationError("the application does not start")
    return started


def asked_late(session: Session) -> tuple[str, ...]:
    """Kinds of servers that requests asked for and that nobody knew of before.

    An application may put an address together, and import its driver, when a request comes.
    """
    servers = session.servers
    if servers is None:
        return ()
    kinds = dict.fromkeys(wanted.kind for wanted in session.wanted)
    return tuple(kind for kind in kinds if servers.may_bring(kind))


def unanswered(session: Session, allowed: Iterable[str]) -> Iterator[GapFound]:
    """Servers that were asked for, where neither one of the scan's nor an allowed one answered."""
    servers = session.servers
    told: set[str] = set()
    for wanted in session.wanted:
        kind = wanted.kind
        brought = servers is not None and (servers.answered_by(kind) or kind in servers.failed)
        reached = wanted.allowed or f"{wanted.host}:{wanted.port}" in allowed
        if brought or kind in told or reached:
            continue
        told.add(kind)
        why = f"{wanted.address} was asked for and not reached, so no statement was answered"
        yield GapFound(SERVER_NAMES[kind], why, "--database auto" if servers is None else "")


def cut_short(session: Session, servers: Servers) -> Iterator[GapFound]:
    """What ended before the scan did, so that what came after it was tried in vain."""
    ended = servers.ended()
    for kind, said in ended.items():
        lines = [line for line in said.splitlines() if line.strip()]
        last = next((line for line in reversed(lines) if _TROUBLE.search(line)), "")
        why = "it ended while it was needed, so the rest was not tested"
        why += f"; its log: {clean.line(last)}" if last else ""
        yield GapFound(SERVER_NAMES[kind], why[:MAX_TOLD], help_with(said) or "scan again")
    first, *later = session.faults or [""]
    if not ended and not first and any(later) and servers.kinds:
        why = f"the start-up code failed when it ran again: {next(filter(None, later))}"[:MAX_TOLD]
        yield GapFound("lifespan", why, help_with(why))


def _short(servers: Servers) -> Iterator[GapFound]:
    """What is not as it would be on the application's own servers."""
    for kind in sorted(servers.made):
        name = SERVER_NAMES[kind]
        why, hint = f"no {name} is on this machine", HINTS[kind]
        if kind in servers.failed:
            why, hint = _failed(servers.failed[kind])
        elif servers.mode == "stand-in":
            why, hint = "--database asks for it", ""
        yield GapFound(name, f"a stand-in answered: {why}; its rows may be made up", hint)
    for kind, problem in servers.failed.items():
        if kind not in servers.made:
            yield GapFound(SERVER_NAMES[kind], *_failed(problem))


def _failed(problem: ServerError) -> tuple[str, str]:
    """Why a server did not start, in one line, and what to do; its log may be the hint."""
    lines = [line for line in problem.hint.splitlines() if line.strip()]
    if len(lines) <= 1 and not _TROUBLE.search(problem.hint):
        return problem.message, problem.hint
    told = next((line for line in lines if _TROUBLE.search(line)), lines[-1])
    return f"{problem.message}: {clean.line(told)}"[:MAX_TOLD], leftovers.help_with(problem.hint)


def _fill(session: Session, servers: Servers) -> Iterator[GapFound]:
    """Make the tables; yields what could not be made."""
    told = yield from _filled(session)
    if told.get("stuck") and servers.migrate:
        # The process of a migration that goes on is of no use, so the models have one of their own.
        servers.migrate = False
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
        yield GapFound("tables", f"{why}; {goes_on}", help_with(why))
    return told


def help_with(why: str) -> str:
    """What the user can do about a failure; an empty text where nobody can say."""
    if leftovers.help_with(why):
        return leftovers.MAKE_ROOM
    return next((hint for known, hint in _HELP if known.search(why)), "")


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

"""Runs the commands of a stand-in for Redis, at once or together at EXEC."""

from __future__ import annotations

from typing import TypeVar

from buckler.scan.engines.app.servers.standin.redis_replies import (
    RESP2,
    CommandError,
    NoArray,
    Reply,
)
from buckler.scan.engines.app.servers.standin.redis_session import (
    MANY,
    Arguments,
    Session,
    Waiting,
    command,
    find,
)

LARGEST_QUEUE = 64 * 1024 * 1024
"""Bytes between MULTI and EXEC."""
_QUEUES_NOT = ("exec", "discard", "multi", "watch", "quit", "reset")
_LISTENING = ("subscribe", "unsubscribe", "psubscribe", "punsubscribe", "ping", "quit", "reset")
T = TypeVar("T")


def run(session: Session, words: Arguments) -> Reply:
    """What one request is answered with; an error, too."""
    try:
        found, arguments = find(words)
    except CommandError as error:
        session.failed = True
        return error
    listens = session.protocol == RESP2 and (session.channels or session.patterns)
    if listens and found.name not in _LISTENING:
        return CommandError(
            f"ERR Can't execute '{found.name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING /"
            " QUIT / RESET are allowed in this context"
        )
    if session.queue is not None and found.name not in _QUEUES_NOT:
        return _queued(session, words)
    try:
        if found.adds:
            session.store.charge(sum(map(len, arguments)) + 64 * len(arguments))
        return found.run(session, arguments)
    except CommandError as error:
        return error


def _queued(session: Session, words: Arguments) -> Reply:
    session.queued += sum(map(len, words)) + 64 * len(words)
    if session.queued > LARGEST_QUEUE or session.queue is None:
        session.failed = True
        return CommandError("OOM a transaction cannot be that large")
    session.queue.append(words)
    return "QUEUED"


@command("multi", 0)
def multi(session: Session, _: Arguments) -> Reply:
    """MULTI."""
    if session.queue is not None:
        raise CommandError("ERR MULTI calls can not be nested")
    session.queue, session.queued, session.failed = [], 0, False
    return "OK"


@command("exec", 0)
def exec_(session: Session, _: Arguments) -> Reply:
    """EXEC."""
    queue, failed = session.queue, session.failed
    if queue is None:
        raise CommandError("ERR EXEC without MULTI")
    for place, key in list(session.watched):
        session.store.database(place).find(key)
    outdated = session.outdated
    _end(session)
    if failed:
        raise CommandError("EXECABORT Transaction discarded because of previous errors.")
    if outdated:
        return NoArray()
    replies = []
    for words in queue:
        reply = run(session, words)
        if isinstance(reply, Waiting):
            tried = reply.again()
            reply = reply.nothing if tried is None else tried
        replies.append(reply)
    return replies


@command("discard", 0)
def discard(session: Session, _: Arguments) -> Reply:
    """DISCARD."""
    if session.queue is None:
        raise CommandError("ERR DISCARD without MULTI")
    _end(session)
    return "OK"


@command("watch", 1, MANY)
def watch(session: Session, words: Arguments) -> Reply:
    """WATCH key..."""
    if session.queue is not None:
        raise CommandError("ERR WATCH inside MULTI is not allowed")

    def tell() -> None:
        session.outdated = True

    for key in words:
        if (session.chosen, key) not in session.watched:
            session.database.find(key)
            session.watched[session.chosen, key] = tell
            session.database.touched.setdefault(key, []).append(tell)
    return "OK"


@command("unwatch", 0)
def unwatch(session: Session, _: Arguments) -> Reply:
    """UNWATCH."""
    for (place, key), tell in session.watched.items():
        touched = session.store.database(place).touched
        touched[key] = [one for one in touched.get(key, ()) if one is not tell]
        if not touched[key]:
            del touched[key]
    session.watched.clear()
    session.outdated = False
    return "OK"


def _end(session: Session) -> None:
    session.queue, session.failed = None, False
    unwatch(session, [])


def leave(session: Session) -> None:
    """Take a client out of everything that it takes part in."""
    _end(session)
    for name in session.channels:
        drop(session.store.channels, name, session.number)
    for name in session.patterns:
        drop(session.store.patterns, name, session.number)
    session.channels.clear()
    session.patterns.clear()


def drop(table: dict[bytes, dict[int, T]], name: bytes, client: int) -> None:
    """Take a client out of those who listen to a channel."""
    table.get(name, {}).pop(client, None)
    if not table.get(name):
        table.pop(name, None)

"""The commands of a stand-in for Redis on channels and on scripts.

Scripts are taken, as applications hand them over while they start, but not run: there is no Lua.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from buckler.scan.engines.app.servers.standin.redis_arguments import SYNTAX, glob, matching
from buckler.scan.engines.app.servers.standin.redis_replies import CommandError, Push, Reply
from buckler.scan.engines.app.servers.standin.redis_session import (
    MANY,
    Arguments,
    Session,
    Silent,
    command,
)
from buckler.scan.engines.app.servers.standin.redis_transactions import drop

NO_SCRIPTS = "ERR scripts are not run by Buckler's stand-in for Redis; install redis-server"
Table = dict[bytes, dict[int, Callable[[Reply], None]]]


@command("publish", 2)
def publish(session: Session, words: Arguments) -> Reply:
    """PUBLISH channel message; how many got it."""
    channel, message = words
    store = session.store
    sent = [
        (deliver, Push([b"message", channel, message]))
        for deliver in store.channels.get(channel, {}).values()
    ]
    for pattern, listeners in store.patterns.items():
        if glob(pattern).fullmatch(channel):
            text = Push([b"pmessage", pattern, channel, message])
            sent += [(deliver, text) for deliver in listeners.values()]
    for deliver, text in sent:
        deliver(text)
    return len(sent)


def _say(session: Session, word: str, channel: bytes | None) -> None:
    count = len(session.channels) + len(session.patterns)
    session.deliver(Push([word.encode(), channel, count]))


def _start(session: Session, word: str, words: Arguments, table: Table, own: list[bytes]) -> Reply:
    for name in words:
        if name not in own:
            own.append(name)
        table.setdefault(name, {})[session.number] = session.deliver
        _say(session, word, name)
    return Silent()


def _stop(session: Session, word: str, words: Arguments, table: Table, own: list[bytes]) -> Reply:
    names = words or list(own)
    for name in names:
        if name in own:
            own.remove(name)
            drop(table, name, session.number)
        _say(session, word, name)
    if not names:
        _say(session, word, None)
    return Silent()


@command("subscribe", 1, MANY, adds=True)
def subscribe(session: Session, words: Arguments) -> Reply:
    """SUBSCRIBE channel..."""
    return _start(session, "subscribe", words, session.store.channels, session.channels)


@command("unsubscribe", 0, MANY)
def unsubscribe(session: Session, words: Arguments) -> Reply:
    """UNSUBSCRIBE [channel...], all of them where none is named."""
    return _stop(session, "unsubscribe", words, session.store.channels, session.channels)


@command("psubscribe", 1, MANY, adds=True)
def psubscribe(session: Session, words: Arguments) -> Reply:
    """PSUBSCRIBE pattern..."""
    for pattern in words:
        glob(pattern)
    return _start(session, "psubscribe", words, session.store.patterns, session.patterns)


@command("punsubscribe", 0, MANY)
def punsubscribe(session: Session, words: Arguments) -> Reply:
    """PUNSUBSCRIBE [pattern...], all of them where none is named."""
    return _stop(session, "punsubscribe", words, session.store.patterns, session.patterns)


@command("pubsub|channels", 0, 1)
def pubsub_channels(session: Session, words: Arguments) -> Reply:
    """PUBSUB CHANNELS [pattern]."""
    return matching(words[0] if words else b"*", session.store.channels)


@command("pubsub|numsub", 0, MANY)
def pubsub_numsub(session: Session, words: Arguments) -> Reply:
    """PUBSUB NUMSUB [channel...]."""
    channels = session.store.channels
    return [part for name in words for part in (name, len(channels.get(name, ())))]


@command("pubsub|numpat", 0)
def pubsub_numpat(session: Session, _: Arguments) -> Reply:
    """PUBSUB NUMPAT."""
    return len(session.store.patterns)


@command("script|load", 1)
def script_load(session: Session, words: Arguments) -> Reply:
    """SCRIPT LOAD script; its SHA-1, which is the protocol's name for it and protects nothing."""
    name = hashlib.sha1(words[0], usedforsecurity=False).hexdigest().encode()
    session.store.charge(len(name))
    session.store.scripts.add(name)
    return name


@command("script|exists", 1, MANY)
def script_exists(session: Session, words: Arguments) -> Reply:
    """SCRIPT EXISTS name..."""
    return [int(name.lower() in session.store.scripts) for name in words]


@command("script|flush", 0, 1)
def script_flush(session: Session, words: Arguments) -> Reply:
    """SCRIPT FLUSH [ASYNC | SYNC]."""
    if words and words[0].upper() not in (b"ASYNC", b"SYNC"):
        raise CommandError(SYNTAX)
    session.store.scripts.clear()
    return "OK"


@command("eval eval_ro fcall", 2, MANY)
def eval_(_: Session, __: Arguments) -> Reply:
    """EVAL script count key... argument..."""
    raise CommandError(NO_SCRIPTS)


@command("evalsha evalsha_ro", 2, MANY)
def evalsha(session: Session, words: Arguments) -> Reply:
    """EVALSHA name count key... argument..."""
    if words[0].lower() not in session.store.scripts:
        raise CommandError("NOSCRIPT No matching script. Please use EVAL.")
    raise CommandError(NO_SCRIPTS)

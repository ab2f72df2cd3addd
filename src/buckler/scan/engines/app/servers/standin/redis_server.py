"""The commands of a stand-in for Redis on itself: the client, its settings and the server's.

What would write a file, connect elsewhere, load code or end the server is not there, as on the
real servers that are brought.
"""

from __future__ import annotations

import time

from buckler.scan.engines.app.servers.standin.redis_arguments import (
    Options,
    integer,
    matching,
)
from buckler.scan.engines.app.servers.standin.redis_keys import number
from buckler.scan.engines.app.servers.standin.redis_replies import (
    RESP2,
    RESP3,
    CommandError,
    Reply,
)
from buckler.scan.engines.app.servers.standin.redis_session import (
    COMMANDS,
    MANY,
    Arguments,
    Session,
    command,
)
from buckler.scan.engines.app.servers.standin.redis_store import DATABASES, MEMORY
from buckler.scan.engines.app.servers.standin.redis_transactions import leave

VERSION = "7.0.15"
SETTINGS = {
    b"appendonly": b"no",
    b"databases": b"%d" % DATABASES,
    b"hz": b"10",
    b"maxclients": b"512",
    b"maxmemory": b"%d" % MEMORY,
    b"maxmemory-policy": b"noeviction",
    b"notify-keyspace-events": b"",
    b"port": b"0",
    b"save": b"",
    b"slowlog-log-slower-than": b"10000",
    b"slowlog-max-len": b"128",
    b"timeout": b"0",
}
_FIXED = (b"databases", b"port")


@command("ping", 0, 1)
def ping(session: Session, words: Arguments) -> Reply:
    """PING [message]."""
    if session.protocol == RESP2 and (session.channels or session.patterns):
        return [b"pong", words[0] if words else b""]
    return words[0] if words else "PONG"


@command("echo", 1)
def echo(_: Session, words: Arguments) -> Reply:
    """ECHO message."""
    return words[0]


@command("auth", 1, 2)
def auth(_: Session, __: Arguments) -> Reply:
    """AUTH [name] password: whatever it is, as nothing here is anybody's."""
    return "OK"


@command("select", 1)
def select(session: Session, words: Arguments) -> Reply:
    """SELECT number."""
    session.chosen = number(words[0])
    return "OK"


@command("hello", 0, MANY)
def hello(session: Session, words: Arguments) -> Reply:
    """HELLO [version [AUTH name password] [SETNAME name]]."""
    version = session.protocol
    options = Options(words, 1)
    if words:
        problem = "ERR Protocol version is not an integer or out of range"
        version = integer(words[0], problem)
    if version not in (RESP2, RESP3):
        raise CommandError("NOPROTO unsupported protocol version")
    while options:
        name = options.accept("AUTH", "SETNAME")
        if not name:
            raise CommandError(f"ERR Syntax error in HELLO option '{options.value().decode()}'")
        given = options.value()
        if name == "AUTH":
            options.value()
        else:
            session.name = given
    session.protocol = version
    return {
        b"server": b"redis",
        b"version": VERSION.encode(),
        b"proto": version,
        b"id": session.number,
        b"mode": b"standalone",
        b"role": b"master",
        b"modules": [],
    }


@command("quit", 0, MANY)
def quit_(session: Session, _: Arguments) -> Reply:
    """QUIT."""
    session.over = True
    return "OK"


@command("reset", 0)
def reset(session: Session, _: Arguments) -> Reply:
    """RESET."""
    leave(session)
    session.chosen, session.protocol, session.name = 0, RESP2, b""
    return "RESET"


@command("client|setname", 1)
def client_setname(session: Session, words: Arguments) -> Reply:
    """CLIENT SETNAME name."""
    if any(not 33 <= one <= 126 for one in words[0]):
        raise CommandError(
            "ERR Client names cannot contain spaces, newlines or special characters."
        )
    session.name = words[0]
    return "OK"


@command("client|getname", 0)
def client_getname(session: Session, _: Arguments) -> Reply:
    """CLIENT GETNAME."""
    return session.name or None


@command("client|id", 0)
def client_id(session: Session, _: Arguments) -> Reply:
    """CLIENT ID."""
    return session.number


@command("client|info client|list", 0, MANY)
def client_info(session: Session, _: Arguments) -> Reply:
    """CLIENT INFO, and CLIENT LIST of the client alone."""
    words = b"id=%d addr=:0 name=%b db=%d resp=%d" % (
        session.number,
        session.name,
        session.chosen,
        session.protocol,
    )
    return words + b" sub=%d psub=%d\n" % (len(session.channels), len(session.patterns))


@command("client|setinfo client|no-evict client|no-touch client|kill", 1, MANY)
def client_taken(_: Session, __: Arguments) -> Reply:
    """Settings of a client that change nothing here."""
    return "OK"


@command("config|get", 1, MANY)
def config_get(session: Session, words: Arguments) -> Reply:
    """CONFIG GET pattern..."""
    there = {**SETTINGS, **session.store.settings}
    return {name: there[name] for word in words for name in matching(word.lower(), there)}


@command("config|set", 2, MANY)
def config_set(session: Session, words: Arguments) -> Reply:
    """CONFIG SET name value...: what names a file or a folder cannot be set."""
    if len(words) % 2:
        raise CommandError("ERR wrong number of arguments for 'config|set' command")
    names = [name.lower() for name in words[::2]]
    for name in names:
        shown = name[:80].decode("utf-8", "replace")
        if name not in SETTINGS or name in _FIXED:
            raise CommandError(
                f"ERR CONFIG SET failed (possibly related to argument '{shown}') -"
                " can't set protected config"
            )
    session.store.settings.update(zip(names, words[1::2], strict=True))
    return "OK"


@command("config|resetstat slowlog|reset", 0)
def config_resetstat(_: Session, __: Arguments) -> Reply:
    """CONFIG RESETSTAT."""
    return "OK"


@command("slowlog|get", 0, 1)
def slowlog_get(_: Session, __: Arguments) -> Reply:
    """SLOWLOG GET [count]."""
    return []


@command("command command|info command|list", 0, MANY)
def command_(_: Session, __: Arguments) -> Reply:
    """COMMAND: what is there, by name alone."""
    return [name.lower() for name in COMMANDS if b"|" not in name]


@command("command|count", 0)
def command_count(_: Session, __: Arguments) -> Reply:
    """COMMAND COUNT."""
    return sum(b"|" not in name for name in COMMANDS)


@command("command|docs", 0, MANY)
def command_docs(_: Session, __: Arguments) -> Reply:
    """COMMAND DOCS [name...], of which there are none."""
    return {}


@command("info", 0, MANY)
def info(session: Session, _: Arguments) -> Reply:
    """INFO [section...]."""
    store = session.store
    keys = {place: len(one) for place, one in sorted(store.databases.items()) if len(one)}
    lines = [
        "# Server",
        f"redis_version:{VERSION}",
        "redis_mode:standalone",
        f"uptime_in_seconds:{int(time.time() - store.started)}",
        "# Memory",
        f"used_memory:{store.used}",
        f"maxmemory:{MEMORY}",
        "# Replication",
        "role:master",
        "connected_slaves:0",
        "# Keyspace",
        *(f"db{place}:keys={count},expires=0,avg_ttl=0" for place, count in keys.items()),
    ]
    return "\r\n".join([*lines, ""]).encode()


@command("time", 0)
def time_(_: Session, __: Arguments) -> Reply:
    """TIME."""
    seconds, rest = divmod(time.time_ns(), 1_000_000_000)
    return [b"%d" % seconds, b"%d" % (rest // 1000)]


@command("lastsave", 0)
def lastsave(session: Session, _: Arguments) -> Reply:
    """LASTSAVE."""
    return int(session.store.started)


@command("wait", 2)
def wait(_: Session, __: Arguments) -> Reply:
    """WAIT replicas timeout, of which there are none."""
    return 0

"""Servers of the user's own, which ``--allow`` names: their drivers go the real way.

Threat: a probe that changes what is not ours. Such a server lets itself be read and nothing else, unless
``--writes`` was given: the session is read-only, which the server itself enforces; of Redis, which has no
such session, only commands that read are sent. A statement with an attack in its text never gets there at
all (``sinks/sql.py``), and no tables are made there.
"""

from __future__ import annotations

import os
from typing import Any, Dict, Mapping

from .. import state
from ..box.connections import Allowed

READ_ONLY = "default_transaction_read_only"
_MYSQL = "SET SESSION TRANSACTION READ ONLY"
_MULTI_STATEMENTS = 1 << 16
_READS = frozenset(
    (
        "AUTH HELLO PING ECHO QUIT SELECT CLIENT COMMAND INFO TIME READONLY ROLE LOLWUT "
        "MULTI EXEC DISCARD WATCH UNWATCH SUBSCRIBE UNSUBSCRIBE PSUBSCRIBE PUNSUBSCRIBE PUBSUB "
        "GET MGET GETRANGE SUBSTR STRLEN GETBIT BITCOUNT BITPOS LCS EXISTS TYPE TTL PTTL "
        "EXPIRETIME PEXPIRETIME KEYS SCAN RANDOMKEY DBSIZE OBJECT DUMP "
        "HGET HMGET HGETALL HKEYS HVALS HLEN HEXISTS HSTRLEN HSCAN HRANDFIELD "
        "LRANGE LLEN LINDEX LPOS SMEMBERS SISMEMBER SMISMEMBER SCARD SSCAN SRANDMEMBER SINTER "
        "SUNION SDIFF SINTERCARD ZRANGE ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE ZRANGEBYLEX "
        "ZSCORE ZMSCORE ZRANK ZREVRANK ZCARD ZCOUNT ZLEXCOUNT ZSCAN ZRANDMEMBER "
        "XRANGE XREVRANGE XLEN XREAD XINFO GEOPOS GEODIST GEOHASH GEOSEARCH PFCOUNT JSON.GET"
    ).split()
)
_allowed = Allowed([])
_writes = False
making_tables = False
"""While the scan makes tables and data, which are none of such a server's business."""


class Closed(ConnectionRefusedError):
    """The scan makes nothing on a server of the user's own."""


def install(box: Dict[str, Any]) -> None:
    """Learn what is allowed.

    Args:
        box: ``allow``: entries of ``--allow``; ``writes``: whether ``--writes`` was given.
    """
    global _allowed, _writes
    _allowed = Allowed(list(box.get("allow") or ()))
    _writes = bool(box.get("writes"))


def named(driver: str, host: str, port: Any) -> bool:
    """Whether an address is one that ``--allow`` names; its driver counts as one of such a server then.

    Raises:
        Closed: It is, and the scan is making tables.
    """
    if host.startswith("/") or not _allowed.address(host, port or "*"):
        return False
    if making_tables:
        raise Closed("the scan makes nothing on %s:%s, which is not its own" % (host, port))
    state.real.add(driver)
    return True


def writing() -> bool:
    """Whether ``--writes`` was given."""
    return _writes


def for_asyncpg(given: Mapping[str, Any]) -> Dict[str, Any]:
    """The arguments of asyncpg's connect, for a session that reads."""
    if _writes:
        return dict(given)
    settings = dict(given.get("server_settings") or {})
    return {**given, "server_settings": {**settings, READ_ONLY: "on"}}


def for_libpq(given: Mapping[str, Any], told: Mapping[str, Any]) -> Dict[str, Any]:
    """The same for psycopg.

    Args:
        given: Keyword arguments.
        told: What the connection string says.
    """
    if _writes:
        return dict(given)
    options = given.get("options") or told.get("options") or os.environ.get("PGOPTIONS") or ""
    return {**given, "options": ("%s -c %s=on" % (options, READ_ONLY)).strip()}


def for_mysql(given: Mapping[str, Any]) -> Dict[str, Any]:
    """The same for drivers of MySQL that take a first command."""
    if _writes:
        return dict(given)
    command = given.get("init_command")
    if not command:
        return {**given, "init_command": _MYSQL}
    flag = int(given.get("client_flag") or 0) | _MULTI_STATEMENTS
    return {**given, "init_command": "%s; %s" % (_MYSQL, command), "client_flag": flag}


def check_command(words: Any) -> None:
    """Stop a command to Redis that is not known to read.

    Raises:
        state.Stopped: It may write.
    """
    command = state.text_of(words[0]).upper().split(" ")[0] if words else ""
    if _writes or command in _READS:
        return
    state.refuse("database", {"detail": "%s on a Redis that --allow names" % command[:40]})
    raise state.Stopped("%s writes, which needs --writes" % command)

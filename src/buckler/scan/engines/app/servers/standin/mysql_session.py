"""What a MySQL server knows of one session, and the statements about it: SET, USE, BEGIN, databases.

Names and values of the variables are those of MariaDB 10.11 (MariaDB knowledge base, "Server System
Variables"). Transactions are taken and have no effect: the databases keep every change at once.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from buckler.scan.engines.app.servers.standin.database import Databases, Result
from buckler.scan.engines.app.servers.standin.mysql_errors import denied, unknown_database
from buckler.scan.engines.app.servers.standin.mysql_packets import (
    AUTOCOMMIT,
    IN_TRANSACTION,
    Refusal,
)
from buckler.scan.engines.app.servers.standin.mysql_words import Token, known, unquoted

VERSION = "10.11.8-MariaDB"
OWN_DATABASES = ("information_schema",)
MAX_VARIABLES = 1000
_OFF = (0, "0", "OFF", "FALSE", None)
VARIABLES: dict[str, object] = {
    "auto_increment_increment": 1,
    "auto_increment_offset": 1,
    "autocommit": True,
    "character_set_client": "utf8mb4",
    "character_set_connection": "utf8mb4",
    "character_set_database": "utf8mb4",
    "character_set_results": "utf8mb4",
    "character_set_server": "utf8mb4",
    "character_set_system": "utf8mb3",
    "collation_connection": "utf8mb4_general_ci",
    "collation_database": "utf8mb4_general_ci",
    "collation_server": "utf8mb4_general_ci",
    "default_storage_engine": "InnoDB",
    "foreign_key_checks": True,
    "group_concat_max_len": 1048576,
    "have_ssl": "DISABLED",
    "hostname": "localhost",
    "init_connect": "",
    "innodb_lock_wait_timeout": 50,
    "interactive_timeout": 28800,
    "license": "GPL",
    "lock_wait_timeout": 86400,
    "lower_case_table_names": 0,
    "max_allowed_packet": 16777216,
    "max_connections": 151,
    "max_execution_time": 0,
    "max_statement_time": 0,
    "net_buffer_length": 16384,
    "net_read_timeout": 30,
    "net_write_timeout": 60,
    "performance_schema": False,
    "port": 0,
    "query_cache_size": 1048576,
    "query_cache_type": "OFF",
    "read_only": False,
    "sql_auto_is_null": False,
    "sql_mode": "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,"
    "NO_ENGINE_SUBSTITUTION",
    "sql_notes": True,
    "sql_safe_updates": False,
    "sql_select_limit": 18446744073709551615,
    "sql_warnings": False,
    "storage_engine": "InnoDB",
    "system_time_zone": "UTC",
    "time_zone": "SYSTEM",
    "transaction_isolation": "REPEATABLE-READ",
    "transaction_read_only": False,
    "tx_isolation": "REPEATABLE-READ",
    "tx_read_only": False,
    "unique_checks": True,
    "version": VERSION,
    "version_comment": "Buckler's stand-in",
    "wait_timeout": 28800,
}
FUNCTIONS = frozenset(
    "VERSION DATABASE SCHEMA USER CURRENT_USER SESSION_USER SYSTEM_USER CONNECTION_ID"
    " LAST_INSERT_ID ROW_COUNT FOUND_ROWS".split()
)
_KNOWN = re.compile(rf"@|\b(?:{'|'.join(sorted(FUNCTIONS))}|\w*(?:NOW|DATE|TIME|STAMP))\s*\(", re.I)
_LEVEL = re.compile(r"ISOLATION\s+LEVEL\s+(READ\s+\w+|REPEATABLE\s+READ|SERIALIZABLE)", re.I)
_SCOPE = re.compile(r"@@(?:(global|session|local)\.)?(.+)", re.I | re.S)
_DENIED = frozenset(
    "GRANT REVOKE LOAD SHUTDOWN KILL RESET PURGE INSTALL UNINSTALL HANDLER BINLOG".split()
)
_PEOPLE, _COPIES = ("USER", "ROLE"), ("MASTER", "SLAVE", "REPLICA", "REPLICATION", "ALL")
_DENIED_OF = {
    **dict.fromkeys(("CREATE", "ALTER", "DROP", "RENAME"), (*_PEOPLE, "SERVER", "TABLESPACE")),
    **dict.fromkeys(("CHANGE", "START", "STOP"), _COPIES),
}
NOTHING = Result("", (), [], 0, None)


@dataclass(slots=True)
class Names:
    """The databases that are there; all sessions share it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    there: dict[str, None] = field(default_factory=lambda: dict.fromkeys(OWN_DATABASES))


_DEFINING = ("CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE")
"""They commit what came before them, and themselves."""


@dataclass(slots=True)
class Session:
    """One session.

    Attributes:
        databases: That statements run on.
        names: Of the databases.
        connection: Number of the connection.
        user: Who signed in.
        database: That was chosen; empty before.
        variables: That were set.
        own: The variables of the client, ``@name``.
        in_transaction: Whether one was begun.
        last_id: What was numbered last.
        count: Rows of the last statement; -1 after one that gave rows.
        found: Rows that the last SELECT gave.
    """

    databases: Databases
    names: Names
    connection: int
    user: str = ""
    database: str = ""
    variables: dict[str, object] = field(default_factory=dict)
    own: dict[str, object] = field(default_factory=dict)
    in_transaction: bool = False
    last_id: int = 0
    count: int = 0
    found: int = 0

    @property
    def status(self) -> int:
        """The status flags of a reply."""
        automatic = AUTOCOMMIT if self.variables.get("autocommit", 1) else 0
        return automatic | (IN_TRANSACTION if self.in_transaction else 0)

    def begin(self) -> None:
        """Begin a transaction."""
        self.in_transaction = True
        if self.database:
            self.databases.begin(self.database)

    def end(self, *, keep: bool) -> None:
        """End it, by a commit or a rollback."""
        self.in_transaction = False
        self.databases.end(keep=keep)

    def before(self, first: str) -> None:
        """What a statement does to the transaction: those that define end it, others may begin one."""
        if first in _DEFINING:
            self.end(keep=True)
        elif not self.variables.get("autocommit", 1) and not self.in_transaction:
            self.begin()

    def use(self, name: str) -> None:
        """Choose a database.

        Raises:
            Refusal: It is not there.
        """
        if name not in self.names.there:
            raise unknown_database(name)
        self.database = name

    def reset(self) -> None:
        """Forget what was set (COM_RESET_CONNECTION)."""
        self.variables.clear()
        self.own.clear()
        self.in_transaction, self.last_id = False, 0

    def variable(self, name: str) -> object:
        """The value of a variable of the server.

        Raises:
            Refusal: There is none.
        """
        name = unquoted(name).lower()
        if name not in VARIABLES:
            raise Refusal(1193, "HY000", f"Unknown system variable '{name}'")
        return self.variables.get(name, VARIABLES[name])

    def value(self, name: str) -> object:
        """What ``@@name``, ``@name`` or ``NAME()`` stands for."""
        if name.startswith("@@"):
            found = _SCOPE.fullmatch(name)
            return self.variable(found[2] if found else name[2:])
        if name.startswith("@"):
            return self.own.get(name[1:].lower())
        match name:
            case "VERSION":
                return VERSION
            case "DATABASE" | "SCHEMA":
                return self.database or None
            case "CONNECTION_ID":
                return self.connection
            case "LAST_INSERT_ID":
                return self.last_id
            case "ROW_COUNT":
                return self.count
            case "FOUND_ROWS":
                return self.found
            case _:
                return f"{self.user}@localhost"

    def fill_in(self, statement: str) -> str:
        """A statement with what the session knows in place of its names."""
        if not _KNOWN.search(statement):
            return statement
        return known(statement, self.value, FUNCTIONS)


def answer(session: Session, statement: str, words: list[Token]) -> Result | None:
    """The result of a statement about the session; None where it is one for the databases.

    Args:
        session: Whose it is.
        statement: As it came.
        words: Of it.

    Raises:
        Refusal: A real server would refuse it.
    """
    _refuse(words)
    first, second = words[0].text, words[1].text if len(words) > 1 else ""
    if first in ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "XA") or (
        first == "START" and second == "TRANSACTION"
    ):
        return _transaction(session, first, second, unquoted(words[-1].text))
    if first == "USE" and len(words) > 1:
        session.use(unquoted(statement[words[1].start :].strip()))
        return NOTHING
    if first == "SET":
        _set(session, statement, words[1:])
        return NOTHING
    if second in ("DATABASE", "SCHEMA") and first in ("CREATE", "DROP", "ALTER"):
        return _database(session, statement, first, words[2:])
    if first in ("LOCK", "UNLOCK", "FLUSH", "ANALYZE", "OPTIMIZE", "DO"):
        return NOTHING
    return None


def _refuse(words: list[Token]) -> None:
    """Refuse what a real server refuses those who may only have tables.

    Raises:
        Refusal: It is such a statement.
    """
    texts = [one.text if one.kind == "word" else "" for one in words]
    pairs = list(zip(texts, texts[1:], strict=False))
    second = texts[1] if len(texts) > 1 else ""
    if texts[0] in _DENIED or second in _DENIED_OF.get(texts[0], ()):
        raise denied()
    if ("INTO", "OUTFILE") in pairs or ("INTO", "DUMPFILE") in pairs:
        raise Refusal(1045, "28000", "Access denied for user (using password: NO)")


def _transaction(session: Session, first: str, second: str, name: str) -> Result:
    if first in ("BEGIN", "START"):
        session.end(keep=True)
        session.begin()
    elif first in ("SAVEPOINT", "RELEASE") or second == "TO":
        session.databases.mark(session.database, "ROLLBACK TO" if second == "TO" else first, name)
    elif first in ("COMMIT", "ROLLBACK"):
        session.end(keep=first == "COMMIT")
    return NOTHING


def _database(session: Session, statement: str, how: str, words: list[Token]) -> Result:
    texts = [one.text for one in words]
    careful = "EXISTS" in texts[:3]
    at = texts.index("EXISTS") + 1 if careful else 0
    if at >= len(words):
        raise Refusal(1064, "42000", "You have an error in your SQL syntax; a name is missing")
    name = unquoted(statement[words[at].start : words[at].end])
    names = session.names
    with names.lock:
        there = name in names.there
        if how == "CREATE" and there and not careful:
            raise Refusal(1007, "HY000", f"Can't create database '{name}'; database exists")
        if how == "DROP" and not there and not careful:
            raise Refusal(1008, "HY000", f"Can't drop database '{name}'; database doesn't exist")
        if name in OWN_DATABASES and how != "CREATE":
            raise Refusal(1044, "42000", f"Access denied for user to database '{name}'")
        if (how == "CREATE") != there and how != "ALTER":
            session.databases.run(name, f"{how} DATABASE `{name.replace('`', '')}`")
        if how == "CREATE":
            names.there[name] = None
        elif how == "DROP":
            names.there.pop(name, None)
            session.database = "" if session.database == name else session.database
    return Result(f"{how} DATABASE", (), [], 1, None)


def _set(session: Session, statement: str, words: list[Token]) -> None:
    texts = [one.text for one in words]
    if texts[:1] == ["NAMES"] or texts[:2] == ["CHARACTER", "SET"] or texts[:1] == ["CHARSET"]:
        return
    if "TRANSACTION" in texts[:2]:
        found = _LEVEL.search(statement)
        if texts[0] == "GLOBAL":
            raise denied()
        if found:
            level = re.sub(r"\s+", "-", found[1].upper())
            session.variables["transaction_isolation"] = session.variables["tx_isolation"] = level
        return
    if texts[:1] in (["PASSWORD"], ["DEFAULT"], ["STATEMENT"]):
        raise denied()
    for part in _parts(words):
        _set_one(session, statement, part)


def _parts(words: Iterable[Token]) -> list[list[Token]]:
    """What stands between the commas that are in no brackets."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for one in words:
        depth += (one.text == "(") - (one.text == ")")
        if one.text == "," and not depth:
            parts.append([])
        else:
            parts[-1].append(one)
    return parts


def _set_one(session: Session, statement: str, words: list[Token]) -> None:
    texts = [one.text for one in words]
    if texts[:1] == ["GLOBAL"] or texts[0].lower().startswith("@@global."):
        raise denied()
    if texts[0] in ("SESSION", "LOCAL"):
        words, texts = words[1:], texts[1:]
    if "=" not in texts[1:3]:
        raise Refusal(
            1064, "42000", "You have an error in your SQL syntax; check the SET statement"
        )
    rest = words[texts.index("=") + 1 :]
    if not rest:
        raise Refusal(
            1064, "42000", "You have an error in your SQL syntax; check the SET statement"
        )
    value = _evaluated(session, statement[rest[0].start : rest[-1].end], rest)
    name = unquoted(texts[0])
    if name.startswith("@") and not name.startswith("@@"):
        if len(session.own) >= MAX_VARIABLES:
            raise Refusal(1041, "HY000", "Out of memory.")
        session.own[name[1:].lower()] = value
        return
    found = _SCOPE.fullmatch(name)
    name = (found[2] if found else name).lower()
    session.variable(name)
    if name in ("version", "hostname", "port", "license", "system_time_zone"):
        raise Refusal(1238, "HY000", f"Variable '{name}' is a read only variable")
    usual = VARIABLES[name]
    if value != "DEFAULT" and isinstance(usual, bool):
        value = (value.upper() if isinstance(value, str) else value) not in _OFF
    session.variables[name] = usual if value == "DEFAULT" else value


def _evaluated(session: Session, text: str, words: list[Token]) -> object:
    if len(words) == 1 and words[0].kind in ("string", "word"):
        value = unquoted(words[0].text) if words[0].kind == "string" else text
        switches = {"ON": 1, "TRUE": 1, "OFF": 0, "FALSE": 0, "NULL": None, "DEFAULT": "DEFAULT"}
        return switches.get(value.upper(), value) if words[0].kind == "word" else value
    if len(words) == 1 and text.isdigit():
        return int(text)
    found = session.databases.run(session.database, f"SELECT {session.fill_in(text)}")
    return found.rows[0][0] if found.rows else None

"""What the applications reach: statements, queries, hosts, mails, digests, written down.

A driver of a database that is not there is replaced by a recorder of the same shape; SQLite,
shells, files, templates and parsers are the real ones.
"""

from __future__ import annotations

import hashlib
import json
import smtplib
import socket
import sqlite3
import sys
from types import SimpleNamespace
from typing import Any

EVENTS: list[tuple[str, Any]] = []
UPSTREAM: dict[str, Any] = {}


def note(kind: str, value: Any) -> None:
    """Write one event down."""
    EVENTS.append((kind, value))


class Cursor(sqlite3.Cursor):
    def execute(self, sql: str, *rest: Any) -> Any:
        note("sql", sql)
        return super().execute(sql, *rest)

    def executemany(self, sql: str, *rest: Any) -> Any:
        note("sql", sql)
        return super().executemany(sql, *rest)

    def executescript(self, sql: str) -> Any:
        note("sql", sql)
        return super().executescript(sql)


class Connection(sqlite3.Connection):
    def cursor(self, factory: Any = Cursor) -> Any:
        return super().cursor(factory)

    def execute(self, sql: str, *rest: Any) -> Any:
        return self.cursor().execute(sql, *rest)

    def executemany(self, sql: str, *rest: Any) -> Any:
        return self.cursor().executemany(sql, *rest)

    def executescript(self, sql: str) -> Any:
        return self.cursor().executescript(sql)


class Cell:
    """Stands for rows, cursors, collections and pools: takes a statement, gives one row."""

    row: Any = {"id": 1, "name": "sample"}

    def __init__(self, kind: str, *, waits: bool) -> None:
        self.kind, self.waits = kind, waits

    def _answer(self, value: Any) -> Any:
        if not self.waits:
            return value

        async def later() -> Any:
            return value

        return later()

    def _take(self, *values: Any, **named: Any) -> None:
        for value in (*values, *named.values()):
            note(self.kind, value)


class Database(Cell):
    """Connection, pool, cursor and transaction of a PostgreSQL driver in one."""

    def _statement(self, query: Any) -> None:
        note("sql", query.as_string(None) if hasattr(query, "as_string") else str(query))

    def execute(self, query: Any, *_: Any, **__: Any) -> Any:
        self._statement(query)
        return self._answer(self)

    executemany = execute

    def fetch(self, query: Any, *_: Any, **__: Any) -> Any:
        self._statement(query)
        return self._answer([dict(self.row)])

    def fetchrow(self, query: Any, *_: Any, **__: Any) -> Any:
        self._statement(query)
        return self._answer(dict(self.row))

    def fetchval(self, query: Any, *_: Any, **__: Any) -> Any:
        self._statement(query)
        return self._answer(1)

    def fetchall(self) -> Any:
        return self._answer([(1, "sample")])

    def fetchone(self) -> Any:
        return self._answer((1, "sample"))

    def same(self, *_: Any, **__: Any) -> Database:
        return self

    cursor = acquire = transaction = connection = same

    def close(self) -> Any:
        return self._answer(None)

    commit = close

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: Any) -> None:
        return None

    async def __aenter__(self) -> Database:
        return self

    async def __aexit__(self, *_: Any) -> None:
        return None

    def __await__(self) -> Any:
        async def ready() -> Database:
            return self

        return ready().__await__()


class Found(Cell):
    """What ``find`` and ``aggregate`` give."""

    def chain(self, *_: Any, **__: Any) -> Found:
        return self

    sort = limit = skip = chain

    def __iter__(self) -> Any:
        return iter([dict(self.row)])

    async def __aiter__(self) -> Any:
        yield dict(self.row)

    def to_list(self, *_: Any, **__: Any) -> Any:
        return self._answer([dict(self.row)])

    def __await__(self) -> Any:
        async def ready() -> Found:
            return self

        return ready().__await__()


class Mongo(Cell):
    """Client, database and collection in one."""

    def __getitem__(self, _: str) -> Mongo:
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def find(self, *args: Any, **named: Any) -> Found:
        self._take(*args, **named)
        return Found(self.kind, waits=self.waits)

    aggregate = find

    def find_one(self, *args: Any, **named: Any) -> Any:
        self._take(*args, **named)
        return self._answer(dict(self.row))

    def count_documents(self, *args: Any, **named: Any) -> Any:
        self._take(*args, **named)
        return self._answer(1)

    def _write(self, *args: Any, **named: Any) -> Any:
        self._take(*args[:1], **named)
        return self._answer(SimpleNamespace(deleted_count=1, modified_count=1, matched_count=1))

    update_one = update_many = delete_one = delete_many = replace_one = insert_one = _write

    def distinct(self, *args: Any, **named: Any) -> Any:
        self._take(*args, **named)
        return self._answer(["sample"])

    def close(self) -> Any:
        return self._answer(None)


class Mail:
    """SMTP client that keeps what it is given."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __enter__(self) -> Mail:
        return self

    def __exit__(self, *_: Any) -> None:
        return None

    def starttls(self, *_: Any, **__: Any) -> None:
        return None

    login = quit = ehlo = starttls

    def send_message(self, message: Any, *_: Any, **__: Any) -> None:
        note("mail", message.as_string())

    def sendmail(self, _: Any, __: Any, message: Any, *___: Any) -> None:
        note("mail", message if isinstance(message, str) else bytes(message).decode())


class Directory:
    """LDAP connection that keeps base and filter."""

    def __init__(self, *_: Any, **named: Any) -> None:
        note("bind", named.get("user"))
        self.entries: list[Any] = []
        self.result = {"description": "success"}
        self.response: list[Any] = []

    def __enter__(self) -> Directory:
        return self

    def __exit__(self, *_: Any) -> None:
        return None

    def bind(self) -> bool:
        return True

    unbind = open = start_tls = bind

    def search(self, search_base: str, search_filter: str, *_: Any, **__: Any) -> bool:
        note("ldap", (search_base, search_filter))
        return True

    def modify(self, dn: str, *_: Any, **__: Any) -> bool:
        note("ldap", (dn, ""))
        return True

    delete = modify


def _sockets() -> None:
    def resolve(host: Any, *_: Any, **__: Any) -> Any:
        note("host", host.decode() if isinstance(host, bytes) else str(host))
        raise socket.gaierror(socket.EAI_NONAME, "no network here")

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "socket.connect" and isinstance(args[1], tuple):
            note("host", str(args[1][0]))
            raise ConnectionRefusedError("no network here")
        if event == "open" and isinstance(args[0], str):
            note("open", args[0])

    socket.getaddrinfo = resolve
    sys.addaudithook(hook)


def _drivers() -> None:
    import asyncpg
    import motor.motor_asyncio
    import psycopg
    import pymongo

    connect = sqlite3.connect

    def connect_sqlite(*args: Any, **named: Any) -> Any:
        return connect(*args, **{"factory": Connection, **named})

    sqlite3.connect = sqlite3.dbapi2.connect = connect_sqlite
    sqlite3.Cursor = sqlite3.dbapi2.Cursor = Cursor
    asyncpg.connect = asyncpg.create_pool = lambda *_, **__: Database("sql", waits=True)
    psycopg.connect = psycopg.Connection.connect = lambda *_, **__: Database("sql", waits=False)
    psycopg.AsyncConnection.connect = lambda *_, **__: Database("sql", waits=True)
    pymongo.MongoClient = lambda *_, **__: Mongo("mongo", waits=False)
    for module, name in (
        (pymongo, "AsyncMongoClient"),
        (motor.motor_asyncio, "AsyncIOMotorClient"),
    ):
        setattr(module, name, lambda *_, **__: Mongo("mongo", waits=True))
    smtplib.SMTP = smtplib.SMTP_SSL = Mail
    try:
        import ldap3
    except ImportError:
        return
    ldap3.Connection = Directory


def _upstream() -> None:
    import httpx
    import httpx2
    import requests

    for library in (httpx, httpx2):
        real, real_async = (
            library.HTTPTransport.handle_request,
            library.AsyncHTTPTransport.handle_async_request,
        )

        def handle(self: Any, request: Any, library: Any = library, real: Any = real) -> Any:
            note("http", str(request.url))
            if UPSTREAM:
                return library.Response(200, json=UPSTREAM["answer"], request=request)
            return real(self, request)

        async def handle_async(
            self: Any, request: Any, library: Any = library, real: Any = real_async
        ) -> Any:
            note("http", str(request.url))
            if UPSTREAM:
                return library.Response(200, json=UPSTREAM["answer"], request=request)
            return await real(self, request)

        library.HTTPTransport.handle_request = handle
        library.AsyncHTTPTransport.handle_async_request = handle_async
    send = requests.Session.send

    def send_recorded(self: Any, request: Any, **named: Any) -> Any:
        note("http", str(request.url))
        if not UPSTREAM:
            return send(self, request, **named)
        answer = requests.Response()
        answer.status_code, answer.request, answer.url = 200, request, request.url
        answer._content = json.dumps(UPSTREAM["answer"]).encode()
        return answer

    requests.Session.send = send_recorded


def _digests() -> None:
    def recorded(name: str, real: Any) -> Any:
        def digest(data: Any = b"", **named: Any) -> Any:
            made = real(data, **named)
            if named.get("usedforsecurity", True):
                note("digest", (name, bytes(data)))
            return Digest(name, made) if named.get("usedforsecurity", True) else made

        return digest

    class Digest:
        def __init__(self, name: str, made: Any) -> None:
            self._name, self._made = name, made

        def update(self, data: Any) -> None:
            note("digest", (self._name, bytes(data)))
            self._made.update(data)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._made, name)

    for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b"):
        setattr(hashlib, name, recorded(name, getattr(hashlib, name)))
    new = hashlib.new
    hashlib.new = lambda name, data=b"", **named: recorded(
        name.lower(), lambda part=b"", **more: new(name, part, **more)
    )(data, **named)


def _ciphers() -> None:
    from cryptography.hazmat.decrepit.ciphers import algorithms

    for name in ("TripleDES", "ARC4", "Blowfish", "CAST5", "IDEA", "SEED"):
        old = getattr(algorithms, name, None)
        if old is None:
            continue
        begin = old.__init__

        def noted(self: Any, *args: Any, begin: Any = begin, name: str = name) -> None:
            note("cipher", name)
            begin(self, *args)

        old.__init__ = noted


def install() -> None:
    """Put every recorder in place; once, before the application is imported."""
    _sockets()
    _drivers()
    _upstream()
    _digests()
    _ciphers()

"""Commands of a stand-in for MongoDB on itself: what it is, sessions, transactions, signing in."""

from __future__ import annotations

import time

from buckler.scan.engines.app.servers.standin.mongo_bson import Binary, Date, Document
from buckler.scan.engines.app.servers.standin.mongo_commands import Session, command
from buckler.scan.engines.app.servers.standin.mongo_errors import MongoError

VERSION = "7.0.14"
WIRE = 21
"""The version of the protocol that belongs to it; a later one would have commands that are not here."""
LARGEST = 16 * 1024 * 1024
MESSAGE = 48_000_000
NAME = "localhost:27017"


@command("hello isMaster ismaster")
def hello(session: Session, body: Document) -> Document:
    """A replica set of one, so that sessions, retries and transactions are used as in production."""
    modern = "hello" in body
    return {
        "helloOk": True,
        "isWritablePrimary" if modern else "ismaster": True,
        "secondary": False,
        "setName": "buckler",
        "setVersion": 1,
        "hosts": [NAME],
        "me": NAME,
        "primary": NAME,
        "maxBsonObjectSize": LARGEST,
        "maxMessageSizeBytes": MESSAGE,
        "maxWriteBatchSize": 100_000,
        "localTime": Date(time.time_ns() // 1_000_000),
        "logicalSessionTimeoutMinutes": 30,
        "connectionId": session.number,
        "minWireVersion": 0,
        "maxWireVersion": WIRE,
        "readOnly": False,
    }


@command(
    "ping endSessions refreshSessions killSessions killAllSessions commitTransaction"
    " abortTransaction logout setParameter fsync profile"
)
def nothing(_: Session, __: Document) -> Document:
    """Taken, and nothing comes of it: a transaction that is aborted undoes nothing."""
    return {}


@command("startSession")
def start_session(session: Session, _: Document) -> Document:
    """A number for a session."""
    identifier = session.number.to_bytes(4, "big") + time.time_ns().to_bytes(12, "big")
    return {"id": {"id": Binary(identifier, 4)}, "timeoutMinutes": 30}


@command("buildInfo buildinfo")
def build_info(_: Session, __: Document) -> Document:
    """The version whose commands are here."""
    numbers = [*map(int, VERSION.split(".")), 0]
    return {"version": VERSION, "versionArray": numbers, "maxBsonObjectSize": LARGEST, "bits": 64}


@command("serverStatus")
def status(session: Session, _: Document) -> Document:
    """Little more than that it runs."""
    return {
        "host": NAME,
        "version": VERSION,
        "process": "mongod",
        "connections": {"current": session.number},
    }


@command("connectionStatus")
def connection_status(_: Session, __: Document) -> Document:
    """Nobody is signed in, and may do everything."""
    return {"authInfo": {"authenticatedUsers": [], "authenticatedUserRoles": []}}


@command("getParameter")
def parameter(_: Session, body: Document) -> Document:
    """The one that drivers' tools ask for."""
    if "featureCompatibilityVersion" in body:
        return {"featureCompatibilityVersion": {"version": VERSION.rpartition(".")[0]}}
    raise MongoError(72, "no option found to get")


@command("replSetGetStatus")
def replica_set(_: Session, __: Document) -> Document:
    """A replica set of one."""
    members = [{"_id": 0, "name": NAME, "health": 1.0, "state": 1, "stateStr": "PRIMARY"}]
    return {"set": "buckler", "myState": 1, "members": members}


@command("saslStart saslContinue authenticate")
def sign_in(_: Session, __: Document) -> Document:
    """The door of the driver leaves credentials out; a proof of a password cannot be answered."""
    raise MongoError(18, "the stand-in knows no passwords: leave the credentials out")


@command("mapReduce")
def map_reduce(_: Session, __: Document) -> Document:
    """It would need JavaScript."""
    raise MongoError(115, "the stand-in runs no JavaScript")

"""The stand-in for MongoDB without a socket: commands in, answers out, in BSON as a driver has it."""

from __future__ import annotations

from typing import Any

import bson

from buckler.scan.engines.app.servers.standin import mongodb
from buckler.scan.engines.app.servers.standin.mongo_bson import decode, encode
from buckler.scan.engines.app.servers.standin.mongo_commands import Session, run
from buckler.scan.engines.app.servers.standin.mongo_store import Store

COMMANDS = mongodb.FAMILIES
"""Their import enters them."""


class Client:
    """The stand-in without a socket: commands as a driver would send them."""

    def __init__(self, documents: list[dict[str, Any]]) -> None:
        self.session = Session(Store(), 1)
        self.command("insert", documents=documents)

    def command(self, name: str, value: Any = "c", **more: Any) -> dict[str, Any]:
        sent = decode(bson.encode({name: value, **more, "$db": "shop"}))
        return bson.decode(encode(run(self.session, sent)))

    def all(self) -> list[dict[str, Any]]:
        return self.command("find")["cursor"]["firstBatch"]

    def find(self, query: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
        answer = self.command("find", filter=query, **more)
        assert answer["ok"], answer
        return answer["cursor"]["firstBatch"]

    def aggregate(self, *pipeline: dict[str, Any]) -> list[dict[str, Any]]:
        answer = self.command("aggregate", pipeline=list(pipeline), cursor={})
        assert answer["ok"], answer
        return answer["cursor"]["firstBatch"]

    def update(self, query: Any, update: Any, **more: Any) -> dict[str, Any]:
        return self.command("update", updates=[{"q": query, "u": update, **more}])

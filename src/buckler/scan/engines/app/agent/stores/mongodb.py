"""Keeps a database of MongoDB, or of its stand-in: the documents of each collection, as bytes.

The codec is the application's own ``bson``, which its driver has imported. Indexes stay as they are.
"""

from __future__ import annotations

import importlib
import itertools
import struct
from typing import Any, Dict, List, Optional

from .interface import StoreError
from .wire import Wire

MAX_BYTES = 32 * 1024 * 1024
BATCH = 1000
_OP_MSG = 2013
Held = Dict[str, List[bytes]]
"""By collection, its documents in the order in which they are told."""


class MongoDB:
    """See :class:`~.interface.Store`.

    Args:
        server: Where it listens.
        database: Its name there, the child's suffix included.
    """

    def __init__(self, server: Dict[str, Any], database: str) -> None:
        self.name = "MongoDB %s" % database
        self._server = server
        self._database = database
        self._wire: Optional[Wire] = None
        self._held: Held = {}
        self._numbers = itertools.count(1)
        self._bson: Any = importlib.import_module("bson")
        raw = importlib.import_module("bson.raw_bson").RawBSONDocument
        self._raw = self._bson.CodecOptions(document_class=raw)

    def keep(self) -> None:
        self._held = self._holding()

    def changed(self) -> bool:
        return self._holding() != self._held

    def restore(self) -> None:
        now = self._holding()
        for name in now:
            if name not in self._held:
                self._run({"drop": name})
        for name, documents in self._held.items():
            if now.get(name) == documents:
                continue
            if name in now:
                self._run({"delete": name, "deletes": [{"q": {}, "limit": 0}]})
            for at in range(0, len(documents), BATCH):
                self._insert(name, documents[at : at + BATCH])
            if not documents and name not in now:
                self._run({"create": name})

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()

    def _insert(self, name: str, documents: List[bytes]) -> None:
        raw = self._raw.document_class
        told = self._run({"insert": name, "documents": [raw(document) for document in documents]})
        if told.get("writeErrors"):
            raise StoreError("%s: what was kept could not be written" % name)

    def _holding(self) -> Held:
        held: Held = {}
        size = 0
        for listed in self._all({"listCollections": 1, "nameOnly": True}):
            named = self._bson.decode(listed)
            name = named["name"]
            if named.get("type", "collection") != "collection" or name.startswith("system."):
                continue
            held[name] = self._all({"find": name})
            size += sum(map(len, held[name]))
            if size > MAX_BYTES:
                raise StoreError("its documents take more than %d MiB" % (MAX_BYTES // 1024**2))
        return held

    def _all(self, command: Dict[str, Any]) -> List[bytes]:
        """The documents of a cursor, to its end."""
        told = self._run(command)["cursor"]
        found = [bytes(document.raw) for document in told["firstBatch"]]
        collection = str(told["ns"]).partition(".")[2]
        while told["id"]:
            told = self._run({"getMore": told["id"], "collection": collection})["cursor"]
            found += [bytes(document.raw) for document in told["nextBatch"]]
        return found

    def _run(self, command: Dict[str, Any]) -> Any:
        """One command (OP_MSG, one section of kind 0).

        Raises:
            StoreError: It failed, or the server is gone.
        """
        if self._wire is None or self._wire.over:
            self._wire = Wire(self._server["socket"])
        body = self._bson.encode({**command, "$db": self._database})
        size = 16 + 4 + 1 + len(body)
        number = next(self._numbers)
        self._wire.write(struct.pack("<iiiiIB", size, number, 0, _OP_MSG, 0, 0) + body)
        length, _, _, kind = struct.unpack("<iiii", self._wire.read(16))
        if kind != _OP_MSG or not 21 < length < 2 * MAX_BYTES:
            self._wire.close()
            raise StoreError("the server does not speak as MongoDB does")
        answer = self._bson.decode(self._wire.read(length - 16)[5:], self._raw)
        if not answer.get("ok"):
            raise StoreError("%s: %s" % (next(iter(command)), answer.get("errmsg", "failed")))
        return answer

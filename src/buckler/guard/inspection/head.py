"""What the head of a request holds: its path, each name and value of its query, cookies, chosen headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from buckler.guard.inspection.normal import decoded
from buckler.guard.inspection.source import Value, shown

_PLAIN_PATH = re.compile(r"[A-Za-z0-9/_-]*")
_AGENT = "header.user-agent"


class Head:
    """The head of one request or handshake.

    Args:
        scope: Of ASGI.
        named: Names of headers that are looked at.
    """

    __slots__ = ("_keys", "_places", "texts")

    def __init__(self, scope: Mapping[str, Any], named: frozenset[bytes]) -> None:
        self.texts: list[str] = []
        self._places: list[tuple[str, str]] = []
        self._keys: set[int] = set()
        self._path(scope)
        query = scope.get("query_string")
        if query:
            self._query(query.decode("utf-8", "replace"))
        for name, value in scope["headers"]:
            if name in named:
                self._add(value.decode("latin-1"), f"header.{name.decode('latin-1')}")
            elif name == b"cookie":
                self._cookies(value.decode("utf-8", "replace"))

    def ready(self, text: str) -> str:
        """See :class:`~buckler.guard.inspection.source.Source`."""
        return text

    def value(self, number: int, text: str) -> Value:
        """See :class:`~buckler.guard.inspection.source.Source`."""
        agent = self._places[number][0] == _AGENT
        return Value(text, head=True, agent=agent, key=number in self._keys)

    def place(self, number: int) -> tuple[str, str]:
        """See :class:`~buckler.guard.inspection.source.Source`."""
        return self._places[number]

    def _add(self, text: str, place: str, name: str = "") -> None:
        self.texts.append(text)
        self._places.append((place, name))

    def _path(self, scope: Mapping[str, Any]) -> None:
        # As it was sent: what a server made of overlong forms tells nothing any more.
        sent = scope.get("raw_path")
        path = scope["path"] if sent is None else sent.partition(b"?")[0].decode("utf-8", "replace")
        if _PLAIN_PATH.fullmatch(path):
            return
        self._add(path, "path")
        plain = decoded(path)
        if plain != path:
            self._add(plain, "path")
        for number, part in enumerate(plain.split("/")[1:]):
            if part and not _PLAIN_PATH.fullmatch(part):
                self._add(part, f"path[{number}]")

    def _query(self, query: str) -> None:
        for number, pair in enumerate(query.split("&")):
            name, _, value = pair.partition("=")
            name = decoded(name, plus=True)
            place = f"query{shown(name, number)}"
            self._keys.add(len(self.texts))
            self._add(name, f"query[{number}] (name)")
            if value:
                self._add(decoded(value, plus=True), place, name)

    def _cookies(self, header: str) -> None:
        for number, pair in enumerate(header.split(";")):
            name, _, value = pair.strip().partition("=")
            if value:
                self._add(value, f"cookie{shown(name, number)}", name)
            self._keys.add(len(self.texts))
            self._add(name, f"cookie[{number}] (name)")

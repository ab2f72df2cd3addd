"""What the head of a request holds: its path, each name and value of its query, cookies, chosen headers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from buckler.guard.inspection.normal import decoded
from buckler.guard.inspection.source import Value, shown

_PLAIN_PATH = re.compile(r"[A-Za-z0-9/_-]*")
MAX_NAME = 256
_AGENT = "header.user-agent"


class Pairs:
    """Names and values of a query, or of ``application/x-www-form-urlencoded``; as many names as values.

    Args:
        text: As it was sent.
        root: What its places are called by.
    """

    __slots__ = ("_head", "_root", "texts")

    def __init__(self, text: str, root: str) -> None:
        self.texts: Sequence[str] = [
            part for pair in text.split("&") for part in pair.partition("=")[::2]
        ]
        self._root = root
        self._head = root == "query"

    def ready(self, text: str) -> str:
        """See :class:`~buckler.guard.inspection.source.Source`."""
        return decoded(text, plus=True)

    def value(self, number: int, text: str) -> Value:
        """See :class:`~buckler.guard.inspection.source.Source`."""
        return Value(text, head=self._head, key=number % 2 == 0)

    def place(self, number: int) -> tuple[str, str]:
        """See :class:`~buckler.guard.inspection.source.Source`."""
        pair, is_value = divmod(number, 2)
        if not is_value:
            return f"{self._root}[{pair}] (name)", ""
        name = self.ready(self.texts[2 * pair][:MAX_NAME])
        return f"{self._root}{shown(name, pair)}", name


class Head:
    """Path, cookies and headers of one request or handshake.

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
        # Without its first slash: every path begins with one, a value that does names a file.
        self._add(path[1:], "path")
        plain = decoded(path)
        if plain != path:
            self._add(plain[1:], "path")
        for number, part in enumerate(plain.split("/")[1:]):
            if part and not _PLAIN_PATH.fullmatch(part):
                self._add(part, f"path[{number}]")

    def _cookies(self, header: str) -> None:
        for number, pair in enumerate(header.split(";")):
            name, _, value = pair.strip().partition("=")
            if value:
                self._add(value, f"cookie{shown(name, number)}", name)
            self._keys.add(len(self.texts))
            self._add(name, f"cookie[{number}] (name)")

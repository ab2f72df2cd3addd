"""The texts in JSON, names and values, at any depth, also those of names that come twice.

They are read off the text and not off what a parser makes of it: half a document, one that is nested a
thousand times or has a mistake has texts, too (RFC 8259).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import islice
from typing import Final

from buckler.guard.inspection.source import Value, shown

_CLOSED = r'(?:"|\\?\Z)'  # a text that does not end counts, too: the document was cut, or is none
_TEXTS = re.compile(rf'"((?:[^"\\]++|\\.)*+){_CLOSED}', re.DOTALL)
_KEY = re.compile(rf'"(?:[^"\\]++|\\.)*+{_CLOSED}(\s*:)?', re.DOTALL)
_TOKEN = re.compile(rf'"((?:[^"\\]++|\\.)*+){_CLOSED}(\s*:)?|[{{}}\[\],]', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_SHORT: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
MAX_TOKENS: Final = 10_000
"""Of JSON that are read to name a place; behind, it is named by its number."""


class JsonTexts:
    """The texts of one document.

    Args:
        body: As it came; UTF-16 and UTF-32 are read, since parsers read them (as ``json.loads`` does).
        root: How the document is called.
    """

    __slots__ = ("_document", "_keys", "_root", "texts")

    def __init__(self, body: bytes, root: str = "body") -> None:
        self._document = body.decode(json.detect_encoding(body), "replace")
        self.texts: Sequence[str] = _TEXTS.findall(self._document)
        self._root = root
        self._keys: list[str] | None = None

    def ready(self, text: str) -> str:
        """See :class:`~buckler.guard.inspection.source.Source`."""
        return _ESCAPE.sub(_unescaped, text) if "\\" in text else text

    def value(self, number: int, text: str) -> Value:
        """See :class:`~buckler.guard.inspection.source.Source`."""
        if self._keys is None:
            self._keys = _KEY.findall(self._document)
        return Value(text, key=number < len(self._keys) and bool(self._keys[number]))

    def place(self, number: int) -> tuple[str, str]:
        """See :class:`~buckler.guard.inspection.source.Source`."""
        path: list[int | str | None] = []
        seen = 0
        for found in islice(_TOKEN.finditer(self._document), MAX_TOKENS):
            mark = found[0]
            if mark in ("{", "["):
                path.append(0 if mark == "[" else None)
            elif mark in ("}", "]"):
                del path[-1:]
            elif mark == ",":
                if path and isinstance(path[-1], int):
                    path[-1] += 1
            else:
                if seen == number:
                    return self._named(path, key=bool(found[2]))
                seen += 1
                if found[2] and path:
                    path[-1] = self.ready(found[1])
        return f"{self._root} (text {number})", ""

    def _named(self, path: list[int | str | None], *, key: bool) -> tuple[str, str]:
        steps = path[:-1] if key else path
        called = "".join(
            f"[{step}]" if isinstance(step, int) else shown(step or "", 0).replace("[0]", ".?")
            for step in steps
        )
        name = next((step for step in reversed(steps) if isinstance(step, str)), "")
        return f"{self._root}{called}{' (name)' if key else ''}", name


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else _SHORT.get(found[2], found[2])

"""How deep JSON is nested and how many keys it has, told before it is parsed (RFC 8259, 9; CWE-674, CWE-770)."""

from __future__ import annotations

import json
import re
from typing import Final

from buckler.guard.audit.events import Kind
from buckler.guard.refusal import Refusal

TOO_DEEP: Final = Refusal(400, "The JSON is nested too deep", Kind.LIMIT_EXCEEDED, "json_depth")
TOO_MANY: Final = Refusal(400, "The JSON has too many keys", Kind.LIMIT_EXCEEDED, "json_keys")
ENCODING: Final = Refusal(400, "JSON is written in UTF-8", Kind.INPUT_REFUSED, "json_encoding")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKETS = re.compile(rb"[^\[\]{}:]+")
_OPEN = frozenset(b"[{")
_UTF8 = ("utf-8", "utf-8-sig")


class JsonShape:
    """Looks at a body as it comes.

    A body with fewer brackets and colons than the bounds cannot pass them, so most are judged by counting
    bytes. Only where there are more is the text kept and read, once, at its end.

    Args:
        depth: Nested arrays and objects.
        keys: Names in all objects.
    """

    __slots__ = ("_chunks", "_colons", "_depth", "_keys", "_opened")

    def __init__(self, depth: int, keys: int) -> None:
        self._depth = depth
        self._keys = keys
        self._opened = 0
        self._colons = 0
        self._chunks: list[bytes] = []

    def feed(self, chunk: bytes, *, last: bool) -> Refusal | None:
        """Look at the next part; the verdict comes with the last one."""
        self._opened += chunk.count(b"{") + chunk.count(b"[")
        self._colons += chunk.count(b":")
        self._chunks.append(chunk)
        if not last or (self._opened <= self._depth and self._colons <= self._keys):
            return None
        text = b"".join(self._chunks)
        # In UTF-16 a quote's escape is not where this reads it (RFC 8259, 8.1 allows UTF-8 alone).
        return ENCODING if json.detect_encoding(text) not in _UTF8 else self._read(text)

    def _read(self, text: bytes) -> Refusal | None:
        marks = _BRACKETS.sub(b"", _STRING.sub(b"", text))
        if marks.count(b":") > self._keys:
            return TOO_MANY
        depth = 0
        for mark in marks.replace(b":", b""):
            depth += 1 if mark in _OPEN else -1
            if depth > self._depth:
                return TOO_DEEP
        return None

"""How deep JSON is nested and how many keys it has, told before it is parsed (RFC 8259, 9; CWE-674, CWE-770)."""

from __future__ import annotations

import json
import re
from typing import Final

from buckler.guard.audit.events import EventKind
from buckler.guard.limits.json_beginning import (
    BEGINNING,
    LEADING,
    UTF8,
    beginning,
    begins_like_json,
)
from buckler.guard.limits.outside import outside_of_texts
from buckler.guard.refusal import Refusal

TOO_DEEP: Final = Refusal(
    400, "The JSON is nested too deep", EventKind.LIMIT_EXCEEDED, "json_depth"
)
TOO_MANY: Final = Refusal(400, "The JSON has too many keys", EventKind.LIMIT_EXCEEDED, "json_keys")
ENCODING: Final = Refusal(400, "JSON is written in UTF-8", EventKind.INPUT_REFUSED, "json_encoding")
_FLAT: Final = bytes.maketrans(b"{}", b"[]")
_NO_MARK: Final = bytes(set(range(256)) - set(b'[]{}:"'))
_RUNS = re.compile(rb"(\[*)(\]*)")
LISTS_PER_KEY: Final = 10
"""Ten times as many arrays and objects as keys: a parser makes one in a tenth of the time."""


class JsonShape:
    """Looks at a body as it comes.

    A body with fewer brackets and colons than the bounds cannot pass them, so most are judged by counting
    bytes. Only where there are more is the text kept and read, once, at its end.

    Args:
        depth: Nested arrays and objects.
        keys: Names in all objects.
        sure: Whether the body says that it is JSON; else only what can be JSON is looked at.
    """

    __slots__ = ("_blank", "_colons", "_depth", "_keys", "_opened", "_other", "_sure", "_text")

    def __init__(self, depth: int, keys: int, *, sure: bool = True) -> None:
        self._sure = sure
        self._blank = True
        self._other = False
        self._depth = depth
        self._keys = keys
        self._opened = 0
        self._colons = 0
        self._text: bytes | bytearray = b""

    def feed(self, chunk: bytes, *, last: bool) -> Refusal | None:
        """Look at the next part; the verdict comes with the last one, or where it can be JSON no longer."""
        if self._other or self._is_other(chunk):
            return None
        self._opened += chunk.count(b"{") + chunk.count(b"[")
        self._colons += chunk.count(b":")
        if not self._text:
            self._text = chunk
        else:
            # Not a list: a body that comes in pairs of bytes would take twenty times its size.
            if not isinstance(self._text, bytearray):
                self._text = bytearray(self._text)
            self._text += chunk
        if last and self._opened <= self._depth and self._colons <= self._keys:
            return None
        if not self._sure and (last or len(self._text) >= BEGINNING):
            part = beginning(bytes(self._text[:BEGINNING]))
            if part is not None:
                self._other, self._text = True, b""
                return self._read(part)
            self._sure = True
        return self._judge(bytes(self._text)) if last else None

    def _is_other(self, chunk: bytes) -> bool:
        """Whether the first byte that counts shows that it is no JSON; it may come in any chunk."""
        if self._sure or not self._blank or not chunk.strip(LEADING):
            return False
        self._blank = False
        self._other = not begins_like_json(chunk)
        if self._other:
            self._text = b""
        return self._other

    def _judge(self, text: bytes) -> Refusal | None:
        # In UTF-16 a quote's escape is not where this reads it (RFC 8259, 8.1 allows UTF-8 alone).
        return ENCODING if json.detect_encoding(text) not in UTF8 else self._read(text)

    def _read(self, text: bytes) -> Refusal | None:
        if b"\\" in text:
            text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
        outside = outside_of_texts(text.translate(_FLAT, _NO_MARK))
        if outside.count(b":") > self._keys:
            return TOO_MANY
        marks = outside.translate(None, b":")
        if marks.count(b"[") > self._keys * LISTS_PER_KEY:
            return TOO_MANY
        return TOO_DEEP if _nested(marks) > self._depth else None


def _nested(marks: bytes) -> int:
    """How deep brackets are nested; of text that is no JSON, no less than that."""
    levels = 0
    while marks:
        # What holds nothing is taken out, a level at a time, for as long as that makes much shorter.
        fewer = marks.replace(b"[]", b"")
        if len(fewer) * 4 > len(marks) * 3:
            break
        marks, levels = fewer, levels + 1
    deepest = depth = 0
    for opened, closed in _RUNS.findall(marks):
        depth += len(opened)
        deepest = max(deepest, depth)
        depth -= len(closed)
    return levels + deepest

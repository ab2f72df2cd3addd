"""What of a body is kept to be looked at, by what it says that it is; nothing of it is held back.

Threat: an attack in a place that nobody looks at, since its type was not the usual one: JSON that calls
itself ``application/vnd.shop+json`` or text, a field of a form with files.
"""

from __future__ import annotations

import json

from buckler.guard.inspection.forms import Multipart
from buckler.guard.inspection.head import Pairs
from buckler.guard.inspection.json_texts import JsonTexts
from buckler.guard.inspection.source import Plain, Source
from buckler.guard.limits.body import is_json, media_type

_BEGINNINGS = (b"{", b"[", b'"')
_BLANK = b" \t\r\n\xef\xbb\xbf\xff\xfe\x00"
_TEXT = (
    "text/",
    "application/xml",
    "application/graphql",
    "application/sql",
    "application/javascript",
)


class Kept:
    """The body of one request.

    Args:
        content_type: Of the request.
        most: Bytes that are looked at.

    Attributes:
        unseen: Bytes that came and are not looked at, files in forms not counted.
        full: Whether no more is kept.
    """

    __slots__ = ("_body", "_form", "_most", "_type", "full", "unseen")

    def __init__(self, content_type: bytes, most: int) -> None:
        self._type = content_type
        self._most = most
        self._form = (
            Multipart(content_type, most)
            if media_type(content_type) == "multipart/form-data"
            else None
        )
        self._body: bytes | bytearray = b""
        self.unseen = 0
        self.full = False

    def feed(self, chunk: bytes, *, last: bool) -> None:
        """Take the next part."""
        if self._form is not None:
            self._form.feed(chunk, last=last)
            self.unseen = self._form.unseen
            return
        kept = chunk[: self._most - len(self._body)] if self._body else chunk[: self._most]
        if not self._body:
            self._body = kept
        else:
            # Not a list: a body that comes byte by byte would take fifty times its size.
            if not isinstance(self._body, bytearray):
                self._body = bytearray(self._body)
            self._body += kept
        self.unseen += len(chunk) - len(kept)
        self.full = len(self._body) >= self._most

    def sources(self) -> list[Source]:
        """What there is to look at."""
        if self._form is not None:
            return [self._form.fields]
        body, kind = bytes(self._body), media_type(self._type)
        if not body:
            return []
        if kind == "application/x-www-form-urlencoded":
            return [Pairs(body.decode("utf-8", "replace"), "form")]
        begins = body[:64].lstrip(_BLANK)[:1]
        found: list[Source] = []
        if is_json(self._type) or begins in _BEGINNINGS:
            found.append(JsonTexts(body))
        if kind.startswith(_TEXT) or kind.endswith("+xml") or begins == b"<":
            # Parsers of XML read UTF-16, too, and filters that do not are passed by so.
            found.append(Plain(body.decode(json.detect_encoding(body), "replace"), "body"))
        return found

"""Where the JSON stands in an answer: the whole of it, a line each, or the data of an event each.

Threat: a secret in a stream, which has no end to wait for (CWE-201). A stream is taken apart as it comes;
only the record that is not yet whole is kept, within a bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from buckler.guard.limits.body import is_json, media_type
from buckler.guard.response_check.json_text import Span, applied

Form = Literal["json", "lines", "events"]
MAX_RECORD: Final = 1_048_576
"""Bytes of a record, or of a whole answer, that is looked into."""
_LINES: Final = frozenset(
    f"{top}/{name}"
    for top in ("application", "text")
    for name in (
        *("jsonl", "x-jsonl", "jsonlines", "x-jsonlines", "json-lines"),
        *("ndjson", "x-ndjson", "json-seq", "stream+json", "x-json-stream"),
    )
)
_END_OF_EVENT: Final = re.compile(rb"(?>\r\n|\n|\r){2}")
_END_OF_LINE: Final = re.compile(rb"\n")
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_SEPARATOR: Final = "\x1e"


def form(content_type: bytes) -> Form | None:
    """How an answer of this type holds JSON; None where it does not.

    One document (RFC 8259, and every ``+json`` of RFC 6839), a line for each (JSON Lines, NDJSON, and text
    sequences, RFC 7464), or server-sent events (HTML, 9.2).
    """
    kind = media_type(content_type)
    if kind in _LINES or kind.endswith(("+json-seq", "+ndjson", "+jsonl")):
        return "lines"
    if kind == "text/event-stream":
        return "events"
    return "json" if kind and is_json(content_type) else None


def texts(record: str, kind: Form) -> list[Span]:
    """Where the JSON text of a record stands; in several parts where an event has several lines of data.

    The parts, with line breaks between them, are the text (HTML, 9.2.6).
    """
    if kind == "json":
        return [(0, len(record))]
    if kind == "lines":
        start = len(record) - len(record.lstrip(_SEPARATOR))
        return [(start, len(record))]
    found = []
    for line in _LINE.finditer(record):
        if not line.group().startswith("data:"):
            continue
        start = line.start() + (6 if line.group().startswith("data: ") else 5)
        found.append((start, line.start() + len(line.group().rstrip("\r\n"))))
    return found


def without(record: str, parts: list[Span], spans: list[tuple[Span, str]]) -> str:
    """The record without spans of the text that its parts make up; all else is as it was."""
    if parts == [(0, len(record))]:
        return applied(record, spans)
    found: list[tuple[Span, str]] = []
    offset = 0
    for start, end in parts:
        for (begin, close), instead in spans:
            first, last = max(begin, offset), min(close, offset + end - start)
            if first < last:
                shown = instead if first == begin else ""
                found.append(((start + first - offset, start + last - offset), shown))
        offset += end - start + 1
    made, at = [], 0
    for (begin, close), instead in found:
        made += [record[at:begin], instead]
        at = close
    return "".join([*made, record[at:]])


class Records:
    """Takes a stream apart.

    Args:
        kind: ``lines`` or ``events``.
    """

    def __init__(self, kind: Form) -> None:
        self._events = kind == "events"
        self._held = bytearray()
        self._seen = 0
        self._skipping = False

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bool]]:
        """Records, and whether each is whole: one that is longer than :data:`MAX_RECORD` comes in parts."""
        self._held += data
        start = 0
        for end in self._ends():
            yield bytes(self._held[start:end]), not self._skipping
            start, self._skipping = end, False
        del self._held[:start]
        self._seen = len(self._held)
        if self._seen > MAX_RECORD or (self._skipping and self._seen):
            yield self._rest(), False
            self._skipping = True

    def end(self) -> Iterator[tuple[bytes, bool]]:
        """The last record, which nothing ended."""
        if self._held:
            yield self._rest(), not self._skipping

    def _ends(self) -> Iterable[int]:
        if self._events:
            # Up to three bytes of an end may have come before.
            return [m.end() for m in _END_OF_EVENT.finditer(self._held, max(0, self._seen - 3))]
        return [m.end() for m in _END_OF_LINE.finditer(self._held, self._seen)]

    def _rest(self) -> bytes:
        rest = bytes(self._held)
        self._held.clear()
        self._seen = 0
        return rest

"""How many parts and files a form has (RFC 7578, RFC 2046, 5.1; CWE-770)."""

from __future__ import annotations

import re
from typing import Final

from buckler.guard.audit.events import EventKind
from buckler.guard.refusal import Refusal

TOO_MANY: Final = Refusal(413, "The form has too many parts", EventKind.LIMIT_EXCEEDED, "parts")
TOO_MANY_FILES: Final = Refusal(
    413, "The form has too many files", EventKind.LIMIT_EXCEEDED, "files"
)
NO_BOUNDARY: Final = Refusal(400, "The form has no boundary", EventKind.INPUT_REFUSED, "boundary")
HEADER_LIMIT: Final = Refusal(
    400, "A part's header is too long", EventKind.LIMIT_EXCEEDED, "part_header"
)
_PARAMETER = re.compile(rb';\s*([^\s;="]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]*)\s*(?=;|$)')
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"')
_FILE = re.compile(rb";\s*filename(?:\*[^=;]*)?\s*=", re.IGNORECASE)
MAX_BOUNDARY = 70
MAX_PART_HEADER = 8192


class MultipartShape:
    """Looks at a body as it comes; keeps no more than the end of the last part's header.

    It reads delimiters as python-multipart does, whose limits of a thousand it comes before.

    Args:
        content_type: Of the request.
        parts: How many at most.
        files: How many of them may have a file name.
    """

    __slots__ = ("_delimiter", "_ended", "_files", "_header", "_parts", "_rest", "_started")

    def __init__(self, content_type: bytes, parts: int, files: int) -> None:
        name = boundary(content_type)
        # At the beginning of a line alone: elsewhere it is content, and no parser stops there.
        self._delimiter = b"\r\n--" + name if name else b""
        self._parts = parts
        self._files = files
        self._rest = b""
        self._started = False
        self._header = False
        self._ended = False

    def feed(self, chunk: bytes, *, last: bool) -> Refusal | None:
        """Look at the next part."""
        if not self._delimiter:
            return NO_BOUNDARY
        if self._ended:
            return None
        text = self._rest + chunk
        at = 0
        while True:
            if self._header:
                end = text.find(b"\r\n\r\n", at)
                if (end if end >= 0 else len(text)) - at > MAX_PART_HEADER:
                    return HEADER_LIMIT
                if end < 0:
                    self._rest = text[at:]
                    return None
                if _has_file(text[at:end]):
                    self._files -= 1
                    if self._files < 0:
                        return TOO_MANY_FILES
                self._header = False
                at = end + 4
            # The first one needs no line before it.
            delimiter = self._delimiter if self._started else self._delimiter[2:]
            found = text.find(delimiter, at)
            if found < 0:
                self._rest = text[max(at, len(text) - len(delimiter) + 1) :]
                return None
            at = found + len(delimiter)
            if len(text) - at < 2 and not last:
                self._rest = text[found:]
                return None
            after = text[at : at + 2]
            if after == b"--":
                self._ended = True
                self._rest = b""
                return None
            if after != b"\r\n":
                # A longer line that begins like it is content; one search passes all that follow.
                # Made only now, since each form has a boundary of its own.
                following = re.compile(re.escape(delimiter) + b"(?=\r\n|--)").search(text, at)
                at = following.start() if following else max(at, len(text) - len(delimiter) - 1)
                continue
            self._started = True
            self._parts -= 1
            if self._parts < 0:
                return TOO_MANY
            self._header = True


def boundary(content_type: bytes) -> bytes:
    """The boundary that a content type names; empty where two readers could find two, or none.

    Args:
        content_type: Of the request.
    """
    at = content_type.find(b";")
    if at < 0:
        return b""
    names: list[bytes] = []
    while at < len(content_type):
        found = _PARAMETER.match(content_type, at)
        if found is None:
            if content_type[at:].strip(b"; \t"):
                return b""
            break
        name, value = found[1].lower(), found[2]
        if name == b"boundary":
            names.append(re.sub(rb"\\(.)", rb"\1", value[1:-1]) if value[:1] == b'"' else value)
        elif name.startswith(b"boundary*"):
            return b""
        at = found.end()
    return names[0] if len(names) == 1 and len(names[0]) <= MAX_BOUNDARY else b""


def _has_file(header: bytes) -> bool:
    """Whether a part's ``Content-Disposition`` gives a file's name (RFC 7578, 4.2)."""
    said = b""
    for line in header.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-disposition":
            said = value
    return _FILE.search(_QUOTED.sub(b'""', said)) is not None

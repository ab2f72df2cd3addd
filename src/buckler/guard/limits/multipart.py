"""How many parts and files a form has (RFC 7578, RFC 2046, 5.1; CWE-770)."""

from __future__ import annotations

import re
from typing import Final

from buckler.guard.audit.events import Kind
from buckler.guard.refusal import Refusal

TOO_MANY: Final = Refusal(413, "The form has too many parts", Kind.LIMIT_EXCEEDED, "parts")
TOO_MANY_FILES: Final = Refusal(413, "The form has too many files", Kind.LIMIT_EXCEEDED, "files")
NO_BOUNDARY: Final = Refusal(400, "The form has no boundary", Kind.INPUT_REFUSED, "boundary")
HEADER_LIMIT: Final = Refusal(
    400, "A part's header is too long", Kind.LIMIT_EXCEEDED, "part_header"
)
_BOUNDARY = re.compile(rb';\s*boundary=(?:"([^"]{1,70})"|([^\s;",]{1,70}))', re.IGNORECASE)
_FILE = re.compile(rb";\s*filename\*?\s*=", re.IGNORECASE)
MAX_PART_HEADER = 8192


class MultipartShape:
    """Looks at a body as it comes; keeps no more than the end of the last part's header.

    Args:
        content_type: Of the request.
        parts: How many at most.
        files: How many of them may have a file name.
    """

    __slots__ = ("_delimiter", "_files", "_header", "_parts", "_rest")

    def __init__(self, content_type: bytes, parts: int, files: int) -> None:
        found = _BOUNDARY.search(content_type)
        # At the beginning of a line alone: elsewhere it is content, and no parser stops there.
        self._delimiter = b"\r\n--" + (found[1] or found[2]) if found else b""
        self._parts = parts
        self._files = files
        self._rest = b"\r\n"
        self._header = False

    def feed(self, chunk: bytes, *, last: bool) -> Refusal | None:
        """Look at the next part."""
        if not self._delimiter:
            return NO_BOUNDARY
        text = self._rest + chunk
        at = 0
        while True:
            if self._header:
                end = text.find(b"\r\n\r\n", at)
                if end < 0:
                    if len(text) - at > MAX_PART_HEADER:
                        return HEADER_LIMIT
                    self._rest = text[at:]
                    return None
                if _FILE.search(text, at, end):
                    self._files -= 1
                    if self._files < 0:
                        return TOO_MANY_FILES
                self._header = False
                at = end + 2
            found = text.find(self._delimiter, at)
            if found < 0:
                self._rest = text[max(at, len(text) - len(self._delimiter) + 1) :]
                return None
            at = found + len(self._delimiter)
            if len(text) - at < 2 and not last:
                self._rest = text[found:]
                return None
            if text[at : at + 2] == b"--":
                self._rest = b""
                return None
            self._parts -= 1
            if self._parts < 0:
                return TOO_MANY
            self._header = True

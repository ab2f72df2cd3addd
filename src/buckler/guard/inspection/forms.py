"""The fields of forms with files: names, values and file names; never what is in a file."""

from __future__ import annotations

import re

from buckler.guard.inspection.normal import decoded
from buckler.guard.inspection.source import Value, shown
from buckler.guard.limits.multipart import MAX_PART_HEADER, boundary

_PARAMETER = re.compile(
    r';\s*(name|filename)(\*?)\s*=\s*("(?:[^"\\]|\\.)*+"|[^;\s]*)', re.IGNORECASE
)
_NAME, _VALUE, _FILE = " (name)", "", " (file name)"


class Fields:
    """Names and values of a form."""

    __slots__ = ("_what", "texts")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._what: list[tuple[int, str, str]] = []

    def add(self, number: int, text: str, name: str, what: str = _VALUE) -> None:
        """One text of a field."""
        self.texts.append(text)
        self._what.append((number, name, what))

    def ready(self, text: str) -> str:
        """See :class:`~buckler.guard.inspection.source.Source`."""
        return text

    def value(self, number: int, text: str) -> Value:
        """See :class:`~buckler.guard.inspection.source.Source`."""
        what = self._what[number][2]
        return Value(text, head=what == _FILE, key=what == _NAME)

    def place(self, number: int) -> tuple[str, str]:
        """See :class:`~buckler.guard.inspection.source.Source`."""
        field, name, what = self._what[number]
        if what == _NAME:
            return f"form[{field}]{what}", ""
        return f"form{shown(name, field)}{what}", name


class Multipart:
    """Reads ``multipart/form-data`` as it comes (RFC 7578) and keeps names, values and file names.

    Args:
        content_type: Of the request.
        most: Bytes that are kept.
    """

    __slots__ = (
        "_delimiter",
        "_file",
        "_kept",
        "_longest",
        "_most",
        "_name",
        "_number",
        "_rest",
        "_state",
        "fields",
        "unseen",
    )

    def __init__(self, content_type: bytes, most: int) -> None:
        self.fields = Fields()
        self.unseen = 0
        name = boundary(content_type)
        # A longer line that begins like it is content; one search, however many of those there are.
        self._delimiter = re.compile(rb"\r\n--" + re.escape(name) + rb"(\r\n|--)")
        self._longest = len(name) + 5
        self._rest = b"\r\n"  # the first delimiter needs no line before it
        self._state = "between" if name else "ended"
        self._most = most
        self._number = -1
        self._name = ""
        self._file = False
        self._kept = bytearray()

    def feed(self, chunk: bytes, *, last: bool) -> None:
        """Take the next part of the body."""
        text = self._rest + chunk
        at = 0
        # By position, never by cutting off what was read: that takes the square of the time.
        while self._state != "ended":
            step = self._header(text, at) if self._state == "header" else self._content(text, at)
            if step < 0:
                at = ~step
                break
            at = step
        self._rest = b"" if self._state == "ended" else text[at:]
        if last and self._state == "value":
            self._keep(self._rest)
            self._close()

    def _header(self, text: bytes, at: int) -> int:
        """Where the part's content begins, or the complement of where to go on with more."""
        end = text.find(b"\r\n\r\n", at)
        if (end if end >= 0 else len(text)) - at > min(MAX_PART_HEADER, self._most):
            self.unseen += len(text) - at
            self._state = "ended"
            return at
        if end < 0:
            return ~at
        self._most -= end - at
        self._open(text[at:end].decode("utf-8", "replace"))
        self._state = "value"
        return end + 2  # what is empty ends where its header does

    def _content(self, text: bytes, at: int) -> int:
        """Where the next header begins, or the complement of where to go on with more."""
        found = self._delimiter.search(text, at)
        if found is None:
            kept = max(at, len(text) - self._longest)
            self._keep(text[at:kept])
            return ~kept
        self._keep(text[at : found.start()])
        if self._state == "value":
            self._close()
        self._state = "ended" if found[1] == b"--" else "header"
        return found.end()

    def _open(self, header: str) -> None:
        self._number += 1
        self._name, self._file = "", False
        for line in header.split("\r\n"):
            kind, _, said = line.partition(":")
            if kind.strip().lower() != "content-disposition":
                continue
            for name, extended, value in _PARAMETER.findall(said):
                text = value[1:-1].replace('\\"', '"') if value[:1] == '"' else value
                if extended:
                    text = decoded(text.rpartition("'")[2])
                if name.lower() == "name":
                    self._name = text
                    self.fields.add(self._number, text, text, _NAME)
                else:
                    self._file = True
                    self.fields.add(self._number, text, self._name, _FILE)

    def _keep(self, content: bytes) -> None:
        if self._state != "value" or self._file:
            return
        kept = content[: max(0, self._most)]
        self._most -= len(kept)
        self.unseen += len(content) - len(kept)
        self._kept += kept

    def _close(self) -> None:
        if not self._file:
            # The line feed of the header's end came with it.
            text = self._kept[2:].decode("utf-8", "replace")
            self.fields.add(self._number, text, self._name)
        self._kept = bytearray()

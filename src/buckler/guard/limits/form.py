"""What a form carries beside its parts: fields, and what comes before its first delimiter (CWE-770).

Threat: a body that is named a form so that the bounds of JSON or of its size do not hold for it, while the
handler reads it as JSON whatever its type says.
"""

from __future__ import annotations

from typing import Final, Protocol

from buckler.guard.audit.events import EventKind
from buckler.guard.refusal import Refusal

TOO_LARGE: Final = Refusal(413, "The body is too large", EventKind.LIMIT_EXCEEDED, "body_size")
TOO_MANY_FIELDS: Final = Refusal(
    413, "The form has too many fields", EventKind.LIMIT_EXCEEDED, "fields"
)


class Meter(Protocol):
    """Looks at a body as it comes."""

    def feed(self, chunk: bytes, *, last: bool) -> Refusal | None:
        """Look at the next part of it."""


class FormShape:
    """Counts the fields of a form without files.

    Args:
        fields: How many at most.
    """

    __slots__ = ("_left",)

    def __init__(self, fields: int) -> None:
        self._left = fields

    def feed(self, chunk: bytes, *, last: bool) -> Refusal | None:
        """Look at the next part; a semicolon divides for some readers, too."""
        del last
        self._left -= chunk.count(b"&") + chunk.count(b";")
        return TOO_MANY_FIELDS if self._left < 0 else None


class Preamble:
    """Bounds a form with files that does not begin with its delimiter, as those of all clients do.

    What comes before it is to be ignored (RFC 2046, 5.1.1), so a body without any is no upload to be larger.

    Args:
        name: The boundary.
        limit: Bytes of such a body.
    """

    __slots__ = ("_begun", "_delimiter", "_left", "_over")

    def __init__(self, name: bytes, limit: int) -> None:
        self._delimiter = b"--" + name
        self._left = limit
        self._begun = b""
        self._over = False

    def feed(self, chunk: bytes, *, last: bool) -> Refusal | None:
        """Look at the next part."""
        del last
        if self._over:
            return None
        self._left -= len(chunk)
        if len(self._begun) < len(self._delimiter):
            # Some clients send an empty line first, and parsers pass over it.
            rest = chunk if self._begun else chunk.lstrip(b"\r\n")
            self._begun += rest[: len(self._delimiter) - len(self._begun)]
        self._over = self._begun == self._delimiter
        return TOO_LARGE if self._left < 0 and not self._over else None


class Together:
    """Several looks at one body.

    Args:
        meters: In order; the first refusal counts.
    """

    __slots__ = ("_meters",)

    def __init__(self, *meters: Meter) -> None:
        self._meters = meters

    def feed(self, chunk: bytes, *, last: bool) -> Refusal | None:
        """Look at the next part."""
        for meter in self._meters:
            refusal = meter.feed(chunk, last=last)
            if refusal is not None:
                return refusal
        return None

"""Plain text: normalised, bounded, without control characters (CWE-20, CWE-117; ASVS 5.0 V2.2.1, V1.1.1)."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any

from buckler.guard.validate.characters import unwanted
from buckler.guard.validate.marker import Marker, refusal


class Text(Marker):
    r"""Bounds of plain text: ``Annotated[str, Text(max_length=80, lines=False)]``.

    What is taken is in NFC (Unicode UAX 15), its lines end with ``\n``. It is text, not HTML: escape it
    where it goes into a page, as templates do.

    Args:
        max_length: Characters (code points), before and after normalisation.
        min_length: Characters at least.
        lines: Whether it may have several lines, and tabs.

    Raises:
        GuardError: A length is none.
    """

    __slots__ = ("lines",)

    def __init__(self, *, max_length: int = 2000, min_length: int = 0, lines: bool = True) -> None:
        super().__init__(min_length, max_length)
        self.lines = lines

    def check(self, text: str) -> str:
        """The text, normalised."""
        if self.lines:
            text = text.replace("\r\n", "\n")
        found = unicodedata.normalize("NFC", text)
        if len(found) > self.max_length:
            raise refusal("too_long", "is too long")
        wrong = unwanted(found, allowed="\n\t" if self.lines else "")
        if wrong:
            raise refusal("plain_text", wrong)
        return found

    def shown(self) -> dict[str, Any]:
        """Words, since the rest has no keyword."""
        kind = "Plain text" if self.lines else "One line of plain text"
        return {"description": f"{kind} without control characters"}


PlainText = Annotated[str, Text()]
"""Up to 2000 characters, lines allowed."""
PlainLine = Annotated[str, Text(max_length=200, lines=False)]
"""Up to 200 characters in one line."""

"""Short names for things: slugs, keys, tags (CWE-20; ASVS 5.0 V2.2.1)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from buckler.guard.validate.marker import Marker, refusal

_PATTERN: Final = r"^[A-Za-z_][A-Za-z0-9_-]*$"
_NAME = re.compile(_PATTERN.strip("^$"))


class Name(Marker):
    """Bounds of an identifier: ``Annotated[str, Name(max_length=30)]``.

    ASCII letters, digits, ``_`` and ``-``, a letter or ``_`` first.

    Args:
        max_length: Characters.

    Raises:
        GuardError: The length is none.
    """

    __slots__ = ()

    def __init__(self, *, max_length: int = 64) -> None:
        super().__init__(1, max_length)

    def check(self, text: str) -> str:
        """The name itself."""
        if not _NAME.fullmatch(text):
            raise refusal(
                "identifier", "is no identifier: letters, digits, _ and -, a letter first"
            )
        return text

    def shown(self) -> dict[str, Any]:
        """Its pattern."""
        return {"pattern": _PATTERN}


Identifier = Annotated[str, Name()]
"""Up to 64 characters."""

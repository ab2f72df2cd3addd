r"""Where to go next on the own site: a path, never another host (CWE-601; ASVS 5.0 V3.7.2).

The reference is how browsers read an address (WHATWG URL): they drop tabs and line breaks, take ``\`` for
``/``, and read ``//host`` as another site.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final
from urllib.parse import unquote

from buckler.guard.validate.characters import unwanted
from buckler.guard.validate.marker import Marker, refusal

_DOTS = re.compile(r"/(?:\.{0,2}/)+")
_ROUNDS: Final = 4
"""How often something between may decode a path."""


def problem(text: str) -> str:
    """Why a text is no path on the own site; else nothing."""
    if not text.startswith("/"):
        return "does not begin with a slash"
    wrong = unwanted(text) or ("holds a space" if " " in text else "")
    if wrong:
        return wrong
    if "\\" in text:
        return "holds a backslash"
    path = re.split(r"[?#]", text, maxsplit=1)[0]
    for _ in range(_ROUNDS):
        if _DOTS.match(path) or unwanted(path) or "\\" in path:
            return "leads to another host, or may be read so"
        decoded = unquote(path, errors="replace")
        if decoded == path:
            return ""
        path = decoded
    return "is encoded again and again"


class Onward(Marker):
    """Bounds of a path on the own site: ``Annotated[str, Onward(max_length=200)]``.

    Args:
        max_length: Characters.

    Raises:
        GuardError: The length is none.
    """

    __slots__ = ()

    def __init__(self, *, max_length: int = 2000) -> None:
        super().__init__(1, max_length)

    def check(self, text: str) -> str:
        """The address itself."""
        wrong = problem(text)
        if wrong:
            raise refusal("relative_url", wrong)
        return text

    def shown(self) -> dict[str, Any]:
        """How it begins."""
        return {"format": "uri-reference", "pattern": r"^/(?![/\\])"}


RelativeUrl = Annotated[str, Onward()]
"""A path with its query and fragment; up to 2000 characters."""

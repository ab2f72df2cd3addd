"""Characters that have no place in names and short texts (Unicode UAX 9, TR 36; CWE-451, CWE-117, CWE-158)."""

from __future__ import annotations

import unicodedata
from typing import Final

BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks of direction: what is shown is not what is stored (Trojan Source, CVE-2021-42574)."""
SEPARATORS: Final = frozenset("\u2028\u2029")
_REFUSED: Final = frozenset({"Cc", "Cs", "Co", "Cn"})


def unwanted(text: str, *, allowed: str = "") -> str:
    """Why a text is refused for a character, or nothing."""
    for character in text:
        if character in BIDI:
            return "holds a mark that changes the direction of text"
        if character in allowed:
            continue
        if character in SEPARATORS:
            return "holds a separator of lines"
        if character == "\ufeff" or unicodedata.category(character) in _REFUSED:
            return "holds a control character"
    return ""

"""Names that people sign in with, in the one form in which they are kept and looked up.

Threat: two accounts whose names look the same, or one that is not found since it was typed otherwise (CWE-178,
CWE-180). NFKC makes one of full-width and ordinary letters, folding of case one of capitals and small ones.
Letters of two scripts that look alike, a Cyrillic ``а`` and a Latin ``a``, stay two: only the verification of the
address tells who has which. Where names are shown to other users, allow one script (UTS 39) beside this.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from buckler.guard.auth.errors import NameRefusedError

LONGEST: Final = 254
"""Characters: the longest address that mail can be sent to (RFC 5321, 4.5.3.1.3)."""
_REFUSED: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
"""Control, format (which are not seen), surrogates, private use, unassigned, separators of lines."""


def normalise(name: str) -> str:
    """A name in the form in which it is kept: NFKC, case folded, no blanks around it.

    Raises:
        NameRefusedError: ``empty``, ``too_long`` or ``characters``.
    """
    if len(name) > LONGEST * 2:
        raise NameRefusedError("too_long", f"A name has {LONGEST} characters at most.")
    found = unicodedata.normalize("NFKC", name).casefold()
    # Folding can undo the composition of a letter and its marks.
    found = unicodedata.normalize("NFKC", found).strip()
    if not found:
        raise NameRefusedError("empty", "A name is needed.")
    if len(found) > LONGEST:
        raise NameRefusedError("too_long", f"A name has {LONGEST} characters at most.")
    if any(unicodedata.category(character) in _REFUSED for character in found):
        raise NameRefusedError("characters", "The name holds a character that cannot be seen.")
    return found

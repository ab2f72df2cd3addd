"""Names of files that mean the same on every system (CWE-22, CWE-73, CWE-158, CWE-434; ASVS 5.0 V5.3.2).

Sources: POSIX.1-2024, 3.170; Windows, "Naming Files, Paths, and Namespaces".
"""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any, Final

from buckler.guard.validate.characters import unwanted
from buckler.guard.validate.marker import Marker, refusal

_REFUSED: Final = frozenset('/\\:*?"<>|')
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9])", re.IGNORECASE)


def problem(name: str, *, hidden: bool = False, max_bytes: int = 255) -> str:
    """Why a name, in NFC, is no safe name of a file; else nothing."""
    if not name:
        return "is empty"
    wrong = unwanted(name)
    if wrong:
        return wrong
    # Also what becomes one of them where compatible forms are folded, such as the full-width solidus.
    folded = unicodedata.normalize("NFKC", name)
    if any(c in _REFUSED for c in name + folded):
        return "holds a separator or a character that some systems do not allow"
    if not folded.strip("."):
        return "is made of dots alone"
    if name != name.strip() or folded.endswith("."):
        return "begins or ends with a space, or ends with a dot"
    if not hidden and folded.startswith("."):
        return "begins with a dot"
    if _DEVICE.fullmatch(folded.split(".")[0].rstrip(" ")):
        return "is the name of a device"
    if len(name.encode()) > max_bytes:
        return "is too long"
    return ""


class Filename(Marker):
    """Bounds of a file's name: ``Annotated[str, Filename(max_bytes=100)]``.

    Args:
        max_bytes: In UTF-8, in NFC.
        hidden: Whether it may begin with a dot, as ``.htaccess`` does.

    Raises:
        GuardError: A bound is none.
    """

    __slots__ = ("hidden",)

    def __init__(self, *, max_bytes: int = 255, hidden: bool = False) -> None:
        super().__init__(1, max_bytes)
        self.hidden = hidden

    def check(self, text: str) -> str:
        """The name in NFC."""
        name = unicodedata.normalize("NFC", text)
        wrong = problem(name, hidden=self.hidden, max_bytes=self.max_length)
        if wrong:
            raise refusal("filename", wrong)
        return name

    def shown(self) -> dict[str, Any]:
        """Words and the characters that are refused."""
        return {
            "description": f"Name of a file without folders, up to {self.max_length} bytes",
            "pattern": r'^[^/\\:*?"<>|\x00-\x1f]+$',
        }


SafeFilename = Annotated[str, Filename()]
"""Up to 255 bytes, not hidden."""

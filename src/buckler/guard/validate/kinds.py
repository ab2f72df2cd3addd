"""Types of files: what they are called, and whether content is what it says it is.

Threat: a file that is two things at once, a picture to the check and a script to the browser (CWE-434, CWE-646;
ASVS 5.0 V5.2.2; WHATWG MIME Sniffing, 7). Signatures come from puremagic; beside them nothing else may be in the
file that a browser or a program would run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from buckler.guard.options import GuardError

Shape = Literal["media", "document", "archive", "text", "markup"]


@dataclass(frozen=True, slots=True)
class FileType:
    """A type that can be allowed.

    Attributes:
        endings: Of names, in lower case, with the dot.
        shape: How it is looked into.
        holds: Bytes that have to be in it, beside the signature.
    """

    endings: tuple[str, ...]
    shape: Shape
    holds: tuple[bytes, ...] = ()


_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
_PARTS: Final = b"[Content_Types].xml"
TYPES: Final[Mapping[str, FileType]] = {
    "image/png": FileType((".png",), "media"),
    "image/jpeg": FileType((".jpg", ".jpeg"), "media"),
    "image/gif": FileType((".gif",), "media"),
    "image/webp": FileType((".webp",), "media"),
    "image/svg+xml": FileType((".svg",), "markup", (b"<svg",)),
    "audio/mpeg": FileType((".mp3",), "media"),
    "video/mp4": FileType((".mp4",), "media"),
    "application/pdf": FileType((".pdf",), "document"),
    "application/zip": FileType((".zip",), "archive"),
    _OFFICE + "wordprocessingml.document": FileType((".docx",), "archive", (_PARTS, b"word/")),
    _OFFICE + "spreadsheetml.sheet": FileType((".xlsx",), "archive", (_PARTS, b"xl/")),
    _OFFICE + "presentationml.presentation": FileType((".pptx",), "archive", (_PARTS, b"ppt/")),
    "text/plain": FileType((".txt",), "text"),
    "text/csv": FileType((".csv",), "text"),
    "application/json": FileType((".json",), "text"),
    "text/html": FileType((".html", ".htm"), "markup", (b"<",)),
}
"""Those that can be told apart. SVG and HTML run scripts where they are shown."""
ALIASES: Final[Mapping[str, str]] = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "audio/mp3": "audio/mpeg",
    "application/x-zip-compressed": "application/zip",
    "application/x-pdf": "application/pdf",
}
UNSAID: Final = frozenset({"", "application/octet-stream"})
"""What a sender says that does not know."""
SNIFFED: Final = 1445
"""Bytes at the beginning that browsers look into (WHATWG MIME Sniffing, 5.2)."""
_CODE = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|script|iframe|svg|object|embed)[\s>/]|<\?php|<%@\s*(?:page|include|import|language)",
    re.IGNORECASE,
)
_SCRIPTS = re.compile(rb"<script(?![\w-])|<\?php(?!\w)", re.IGNORECASE)
_MARKUP = re.compile(rb"[\xef\xbb\xbf\s]*<(?:[a-z!?/%])", re.IGNORECASE)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_ZIP_END: Final = b"PK\x05\x06\x00\x00\x00\x00"
"""End of an archive on one disk (APPNOTE 6.3.10, 4.3.16); four bytes alone come about by chance."""


def sniffer() -> None:
    """See that puremagic is there.

    Raises:
        GuardError: It is not.
    """
    try:
        import puremagic  # noqa: F401
    except ModuleNotFoundError as error:
        raise GuardError("Upload needs puremagic", hint="pip install 'buckler[upload]'") from error


def declared(content_type: str | None) -> str:
    """A media type without parameters, by its usual name; empty where nothing is said."""
    name = (content_type or "").partition(";")[0].strip().lower()
    return "" if name in UNSAID else ALIASES.get(name, name)


def problem(media_type: str, kind: FileType, head: bytes, tail: bytes) -> str:
    """Why content is not of a type, or is of another one as well; else nothing.

    Args:
        media_type: The one it should be.
        kind: The same, from :data:`TYPES`.
        head: Bytes at the beginning.
        tail: Bytes at the end; may overlap.
    """
    both = head + tail
    if any(part not in both for part in kind.holds):
        return "content"
    if kind.shape in ("text", "markup"):
        if _CONTROL.search(both):
            return "content"
        if kind.shape == "text" and _MARKUP.match(head):
            return "polyglot"
    elif media_type not in _signatures(head, tail):
        return "content"
    if kind.shape != "archive" and (_ZIP_END in tail or head.startswith(b"PK\x03\x04")):
        return "polyglot"
    if media_type != "application/pdf" and kind.shape != "archive" and b"%PDF-" in head[:1024]:
        return "polyglot"
    if kind.shape == "media" and (_CODE.search(head[:SNIFFED]) or _SCRIPTS.search(both)):
        return "polyglot"
    if kind.shape == "document" and _CODE.search(head[:SNIFFED]):
        return "polyglot"
    return ""


def _signatures(head: bytes, tail: bytes) -> frozenset[str]:
    import puremagic

    try:
        found = puremagic.magic_string(head + tail)
    except (puremagic.PureError, ValueError):
        return frozenset()
    return frozenset(ALIASES.get(match.mime_type, match.mime_type) for match in found)

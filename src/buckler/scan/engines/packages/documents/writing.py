"""What all documents have in common: text that any reader can take, moments, and names made of what they name.

Texts come from advisories and projects, which are not trusted; what cannot be encoded would end the writing, and control
characters would reach the terminal of who reads it (CWE-150).
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime
from typing import Any, Final

from buckler import __version__

TOOL: Final = f"buckler {__version__}"
_SPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "tag:buckler,2026:documents")
_HIDDEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ADDRESS: Final = re.compile(
    r"https?://(?:[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*\.)+[A-Za-z]{2,63}(?::\d{1,5})?"
    r"(?:[/?#](?:[\w./?#@!$&'()*+,;=:~-]|%[0-9A-Fa-f]{2})*)?",
    re.ASCII,
)


def text(value: str) -> str:
    """A text without what cannot be encoded or what steers a terminal."""
    return _HIDDEN.sub("\N{REPLACEMENT CHARACTER}", value)


def address(value: str) -> str:
    """An address of the web that is well formed (RFC 3986) and has a name of a host; empty where it is none."""
    return value if _ADDRESS.fullmatch(value) and value.count("#") < 2 else ""


def moment(value: datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(value: str) -> str:
    """A moment that an advisory gives, as :func:`moment` writes it; empty where it is none."""
    try:
        return moment(datetime.fromisoformat(value)) if value else ""
    except (ValueError, OverflowError):
        return ""


def identity(kind: str, content: Any) -> uuid.UUID:
    """A name that is the same for the same content (RFC 9562, version 5).

    Args:
        kind: Of document.
        content: JSON values.
    """
    return uuid.uuid5(_SPACE, f"{kind}\n{json.dumps(content, sort_keys=True)}")


def document(content: Any) -> str:
    """A JSON document, with a line end."""
    return json.dumps(content, indent=2) + "\n"


def without_empty(content: dict[str, Any]) -> dict[str, Any]:
    """The entries that say something."""
    return {key: value for key, value in content.items() if value not in ("", None, [], {})}

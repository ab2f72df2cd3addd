"""Where a browser goes for a Location header (WHATWG URL, 4.4)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_STRIPPED = re.compile(r"[\t\n\r]")


def target_host(location: str, base: str = "https://app.test/") -> str:
    """The host that a browser asks after following a redirect; the base's where it is relative.

    Backslashes count as slashes, tabs and line breaks are dropped, and any number of slashes
    after a special scheme is two, as browsers have it.
    """
    text = _STRIPPED.sub("", location.strip(" \x00")).replace("\\", "/")
    matched = re.match(r"(?i)(https?|wss?|ftp):/*", text)
    if matched:
        text = f"{matched.group(1)}://{text[matched.end() :]}"
    elif text.startswith("//"):
        text = "https://" + text.lstrip("/")
    else:
        text = base
    try:
        return (urlsplit(text).hostname or "").lower()
    except ValueError:
        return ""

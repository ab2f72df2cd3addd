"""What was answered in place of other people's APIs. No query, no user and no secret is kept."""

from __future__ import annotations

import re
import threading
from typing import Any, Dict, List, Set, Tuple
from urllib.parse import quote

from .. import state

_SCHEMES = ("http", "https")
MAX_TOLD = 100
MAX_PATH = 120
LONG = 20
_VARIES = re.compile(r"\d+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|.*%.*")
_told: Set[Tuple[str, ...]] = set()
_fresh: List[Dict[str, Any]] = []
_lock = threading.Lock()


def note(method: str, origin: str, path: str, source: str, where: str, why: str) -> None:
    """Remember one that was answered, once for each method, address and place.

    An address that an attack made is none of other people's, and neither is one behind a scheme that
    the application puts before it (``https://http//``).

    Args:
        method: As sent.
        origin: ``https://host:port``.
        path: Without query; what varies in it is told as ``*``.
        source: ``recorded`` or ``made``.
        where: ``file:line`` of the project's code, or an empty text.
        why: Why nothing could be read of the code that asked; empty where something could.
    """
    host = origin.partition("://")[2]
    if state.attacking or host in _SCHEMES:
        return
    shown = general(path)
    key = (method, origin, shown, where)
    with _lock:
        if key in _told or len(_told) >= MAX_TOLD:
            return
        _told.add(key)
        _fresh.append(
            {
                "method": method[:20],
                "url": origin + shown,
                "source": source,
                "where": where,
                "why": why[:200],
            }
        )


def general(path: str) -> str:
    """A path with ``*`` for numbers, for what looks like a secret and for what an attack put in."""
    found = [_segment(part) for part in path.split("?")[0].split("/")]
    return "/".join(found)[:MAX_PATH]


def _segment(part: str) -> str:
    mixed = any(c.isdigit() for c in part) and any(c.isalpha() for c in part)
    secret = len(part) >= LONG and mixed
    safe = quote(part, safe="%.,:;@!$&'()*+=~-_")
    if secret or safe != part or state.carries(part) or _VARIES.fullmatch(part):
        return "*"
    return part


def take() -> List[Dict[str, Any]]:
    """Those that were not told before."""
    with _lock:
        told = list(_fresh)
        _fresh.clear()
    return told

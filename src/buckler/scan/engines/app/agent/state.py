"""What the agent knows while it runs: the canaries' prefix, the project's folder, the hits.

A sink calls :func:`hit` with what it was given. If the text carries a canary, the call, its
argument and the lines of the project that led there are kept for the request at hand. Canaries
name their probe, so a hit that comes late, from a thread or a background task, is still told
apart in the parent.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from typing import Any, Dict, List, Optional, Set, Tuple

MAX_ARGUMENT = 4000
MAX_HITS = 200
MAX_FRAMES = 12

prefix = "\x00"
project = ""
skip_dirs: Tuple[str, ...] = ()
stand_ins: Set[str] = set()
"""Packages of drivers for which no real server answers."""
real: Set[str] = set()
"""Packages of drivers that went to a server of the user's own."""
number = ""
"""A number of the request at hand that is looked for in statements."""
attacking = False
"""Whether a value of an attack stands in the request at hand."""
failing = ""
"""Text of the error that the next handler raises instead of running; empty for none."""
latest: List[str] = []
"""The last statement that was sent, where somebody wants to know: while tables are made."""
telling = False
"""Whether statements are kept there."""
aged = ""
"""The canary of tokens that are given out as if an hour ago they had run out; empty for none."""
hits: List[Dict[str, Any]] = []
effects: Set[str] = set()
refused: List[Dict[str, Any]] = []
entered: List[str] = []
made: Dict[str, List[List[Any]]] = {}
quiet = threading.local()

_own = os.path.dirname(os.path.abspath(__file__)) + os.sep
_inside: Dict[str, bool] = {}
_lock = threading.Lock()
_canary = re.compile(r"(?!)")


class Stopped(PermissionError):
    """Raised at a sink: the attack is confirmed, so the call does not happen."""


def carries(text: str) -> bool:
    """Whether a text holds a canary, in whatever case."""
    return prefix in text or prefix in text.lower()


def in_project(filename: str) -> bool:
    """Whether a file belongs to the application and not to a library."""
    known = _inside.get(filename)
    if known is None:
        path = os.path.abspath(filename)
        known = (
            not filename.startswith("<")
            and path.startswith(project + os.sep)
            and not path.startswith(_own)
            and "site-packages" not in path
            and "dist-packages" not in path
            and not any(path.startswith(folder + os.sep) for folder in skip_dirs)
        )
        _inside[filename] = known
    return known


def frames(start: Optional[Any] = None) -> List[List[Any]]:
    """The project's frames on the stack, innermost first: ``[path, line, function]``.

    SQLAlchemy's asynchronous engine runs in a greenlet whose stack ends before the handler's;
    the search goes on in the parent greenlet.
    """
    found: List[List[Any]] = []
    frame = start or sys._getframe(1)
    greenlet = sys.modules.get("greenlet")
    current = greenlet.getcurrent() if greenlet else None
    while True:
        while frame is not None and len(found) < MAX_FRAMES:
            code = frame.f_code
            if in_project(code.co_filename):
                path = os.path.relpath(code.co_filename, project).replace(os.sep, "/")
                found.append([path, frame.f_lineno, code.co_name])
            frame = frame.f_back
        current = getattr(current, "parent", None)
        frame = getattr(current, "gr_frame", None)
        if frame is None:
            return found


def excerpt(text: str) -> str:
    """At most ``MAX_ARGUMENT`` characters of a text, around its first canary."""
    if len(text) <= MAX_ARGUMENT:
        return text
    at = max(text.lower().find(prefix) - MAX_ARGUMENT // 2, 0)
    return text[at : at + MAX_ARGUMENT]


def hit(sink: str, call: str, argument: Any, **more: Any) -> bool:
    """Record that a canary reached a sink; False where the argument carries none.

    Args:
        sink: Family: ``sql``, ``process``, ``open`` …
        call: The function as people know it: ``sqlite3.Cursor.execute``.
        argument: Text, or a list of texts (an argument vector).
        more: Further JSON values that the judge needs.
    """
    joined = "\x00".join(argument) if isinstance(argument, list) else argument
    if not carries(joined):
        return False
    shown = [excerpt(a) for a in argument] if isinstance(argument, list) else excerpt(argument)
    where = frames(sys._getframe(1))
    for canary in canaries(joined):
        where += [frame for frame in made.get(canary, ()) if frame not in where]
    record = {"sink": sink, "call": call, "argument": shown, "frames": where}
    record.update(more)
    with _lock:
        if len(hits) < MAX_HITS:
            hits.append(record)
    return True


def canaries(text: str) -> List[str]:
    """The canaries in a text, in lower case."""
    return _canary.findall(text.lower())


def remember(text: Any) -> None:
    """Keep the lines at which a text with a canary was made, for the hit that comes of it.

    A statement or a piece of code is often put together in one place and used in another; the
    first is the one to mend.
    """
    if isinstance(text, str) and carries(text):
        where = frames(sys._getframe(1))
        for canary in canaries(text):
            made.setdefault(canary, []).extend(
                f for f in where[:2] if f not in made.get(canary, ())
            )


def begin(mark: str, folder: str) -> None:
    """Say what canaries begin with, and which folder is the project's."""
    global prefix, project, _canary
    prefix, project = mark, folder
    _canary = re.compile(re.escape(mark) + "[0-9a-z]{4}")


def take() -> Dict[str, Any]:
    """What happened since the last call, and a clean slate."""
    with _lock:
        taken = {
            "hits": list(hits),
            "effects": sorted(effects),
            "refused": list(refused),
            "entered": list(entered),
        }
        hits.clear()
        effects.clear()
        refused.clear()
        entered.clear()
        made.clear()
    return taken


def refuse(what: str, detail: Dict[str, Any]) -> None:
    """Record that the box stopped something that was no attack."""
    record = dict(detail, what=detail.get("what", what))
    where = frames(sys._getframe(1))
    record["where"] = f"{where[0][0]}:{where[0][1]}" if where else ""
    with _lock:
        if len(refused) < MAX_HITS and record not in refused:
            refused.append(record)


def text_of(value: Any) -> str:
    """A text for whatever a sink was given: bytes as latin-1, paths by fspath."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("latin-1")
    if isinstance(value, os.PathLike):
        return text_of(os.fspath(value))
    return str(value) if isinstance(value, int) else ""

"""Answers that the project has recorded: HAR files, cassettes and stubs, looked for once.

The files are the project's and may be anything: their number, size and depth are bounded, and
what cannot be read is left out.
"""

from __future__ import annotations

import os
import re
import threading
from typing import Iterator, List, Optional, Tuple

from .. import state
from . import cassettes
from .cassettes import Example

MAX_FILES = 300
MAX_SEEN = 10_000
MAX_DEPTH = 8
MAX_FILE = 4_000_000
MAX_TOTAL = 12_000_000
MAX_EXAMPLES = 2_000
_SKIPPED = frozenset(
    "node_modules __pycache__ venv env site-packages dist build htmlcov migrations static".split()
)
_VARIES = re.compile(r"\d+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-fA-F]{24,}")
_examples: Optional[List[Example]] = None
_lock = threading.Lock()

Answer = Tuple[int, Tuple[Tuple[str, str], ...], bytes]


def find(method: str, host: str, path: str, query: str) -> Optional[Answer]:
    """The recorded answer that fits best, or None.

    Args:
        method: In upper case.
        host: In lower case, without a port.
        path: With its leading slash.
        query: Without the question mark.
    """
    best: Optional[Example] = None
    most = 0
    for example in _all():
        if example.method not in (method, "ANY") or example.host not in (host, ""):
            continue
        fitting = _fits(example, path, query)
        fitting += 1 if fitting and example.status < 300 else 0
        if fitting > most:
            best, most = example, fitting
    return None if best is None else (best.status, best.headers, best.body)


def _fits(example: Example, path: str, query: str) -> int:
    """How well the address fits: as it is, but for the query, but for what varies; 0 for not."""
    if example.path == path:
        return 8 if example.query == query else 6
    ours, theirs = path.split("/"), example.path.split("/")
    if not example.host or len(ours) != len(theirs):
        return 0
    other = [(a, b) for a, b in zip(ours, theirs) if a != b]  # noqa: B905 - as long
    if all(_VARIES.fullmatch(a) and _VARIES.fullmatch(b) for a, b in other):
        return 4
    return 2 if len(other) == 1 and len(ours) > 2 else 0


def _all() -> List[Example]:
    global _examples
    with _lock:
        if _examples is None:
            _examples = []
            for name, size in _files(state.project):
                _examples += cassettes.read(name, size)
                if len(_examples) >= MAX_EXAMPLES:
                    break
            del _examples[MAX_EXAMPLES:]
        return _examples


def _files(folder: str) -> Iterator[Tuple[str, int]]:
    """Files that may hold recordings, in order of their names, with their sizes."""
    seen = taken = total = 0
    for root, folders, names in os.walk(folder):
        depth = root[len(folder) :].count(os.sep)
        folders[:] = sorted(
            name
            for name in folders
            if depth < MAX_DEPTH
            and not name.startswith(".")
            and name not in _SKIPPED
            and not os.path.exists(os.path.join(root, name, "pyvenv.cfg"))
        )
        for name in sorted(names):
            seen += 1
            if seen > MAX_SEEN or taken >= MAX_FILES or total >= MAX_TOTAL:
                return
            path = os.path.join(root, name)
            if not name.endswith(cassettes.ENDINGS) or not os.path.isfile(path):
                continue
            size = os.path.getsize(path)
            if 0 < size <= MAX_FILE and cassettes.promises(path):
                taken, total = taken + 1, total + size
                yield path, size

"""Which texts the process was configured with, so that an answer that repeats them is known for one.

Only digests leave the process: whoever compares has the answer at hand, and needs no more.
"""

from __future__ import annotations

import gc
import hashlib
import os
import sys
from typing import Any, Dict, Iterator, List, Tuple

LEAST = 6
MAX_VALUES = 2000


def digests() -> Dict[str, str]:
    """Digest of each text of the environment and of objects of settings, with its name."""
    found: Dict[str, str] = {}
    for name, value in (*os.environ.items(), *_settings()):
        if len(value) >= LEAST and len(found) < MAX_VALUES:
            found[hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()] = name
    return found


def _settings() -> Iterator[Tuple[str, str]]:
    """Fields of the living instances of Pydantic's classes of settings."""
    waiting: List[type] = []
    for module in ("pydantic_settings", "pydantic.env_settings"):
        base = getattr(sys.modules.get(module), "BaseSettings", None)
        waiting += [base] if isinstance(base, type) else []
    classes: Dict[int, type] = {}
    while waiting:
        found = waiting.pop()
        classes[id(found)] = found
        waiting += type.__subclasses__(found)
    for item in gc.get_objects() if classes else ():
        if id(type(item)) in classes:
            yield from _texts(vars(item), 0)


def _texts(fields: Dict[str, Any], depth: int) -> Iterator[Tuple[str, str]]:
    for name, value in list(fields.items()):
        opened = getattr(value, "get_secret_value", None)
        plain = opened() if callable(opened) else value
        if isinstance(plain, str):
            yield str(name), plain
        elif isinstance(plain, dict) and depth < 3:
            yield from _texts({f"{name}.{key}": inner for key, inner in plain.items()}, depth + 1)
        elif depth < 3 and hasattr(type(plain), "model_fields"):
            yield from _texts(vars(plain), depth + 1)

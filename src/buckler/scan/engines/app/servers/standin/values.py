"""Values for rows that no table holds: by the category and the name of a column."""

from __future__ import annotations

import re

_NUMBERED = re.compile(
    r"(^|_)(id|pk|number|no|count|total|amount|price|qty|quantity|age|year)$", re.I
)
_FLAG = re.compile(r"^(is|has|can|was)_|^(active|enabled|verified|deleted|done)$", re.I)
_TIME = re.compile(r"(_at|_on|_time|timestamp|created|updated|expires?)$", re.I)
_MADE = {
    "integer": 1,
    "real": 1.5,
    "numeric": "1.50",
    "boolean": True,
    "timestamp": "2024-01-02 03:04:05",
    "timestamptz": "2024-01-02 03:04:05+00",
    "date": "2024-01-02",
    "time": "03:04:05",
    "uuid": "6f9619ff-8b86-4011-b42d-00cf4fc964ff",
    "json": "{}",
    "blob": b"sample",
    "text": "sample",
}


def guessed(name: str) -> str:
    """The category of a column that nothing but its name tells of."""
    if _NUMBERED.search(name):
        return "integer"
    if _FLAG.search(name):
        return "boolean"
    return "timestamp" if _TIME.search(name) else "text"


def made(category: str) -> object:
    """A value of a category; an array of one."""
    if category.endswith("[]"):
        return "[]"
    return _MADE.get(category, "sample")


def of_value(value: object) -> str:
    """The category of a value that SQLite gave back."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "real"
    return "blob" if isinstance(value, bytes) else "text"

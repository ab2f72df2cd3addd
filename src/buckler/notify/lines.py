"""Makes text harmless for a place that has one line, or lines and nothing else (CWE-93, CWE-117)."""

from __future__ import annotations

import re

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_IN_LINES = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def one_line(text: object, most: int = 200) -> str:
    """``text`` without line breaks, control, direction and half characters; cut to ``most``."""
    return _cut(_CONTROL.sub("�", str(text)), most)


def lines(text: object, most: int = 4000) -> str:
    """The same with line feeds kept."""
    return _cut(_IN_LINES.sub("�", str(text).replace("\r\n", "\n").replace("\r", "\n")), most)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"

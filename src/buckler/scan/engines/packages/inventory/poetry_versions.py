"""What Poetry's own way to write versions means in PEP 440.

``^2.1`` is no specifier that anybody else reads, and an upgrade has to be checked against it.
Source: Poetry's documentation of version constraints, PEP 440.
"""

from __future__ import annotations

import re

_SHORT = re.compile(r"(\^|~)\s*v?(\d+(?:\.\d+)*)(\S*)")
_BARE = re.compile(r"v?\d[\w.*+!-]*")
_TEST = re.compile(r"(===?|~=|!=|<=?|>=?)\s*(\S+)")


def specifier(text: str) -> str:
    """A constraint as a specifier; empty where any version will do or no one specifier says it.

    A union (``1.0 || ^3``) is none that PEP 440 can say.
    """
    if "|" in text:
        return ""
    parts = [part for part in re.split(r"\s*,\s*|(?<=[\w*])\s+(?=[<>=!~^])", text.strip()) if part]
    written = [_part(part.strip()) for part in parts]
    return ",".join(part for part in written if part)


def _part(text: str) -> str:
    if text == "*":
        return ""
    short = _SHORT.fullmatch(text)
    if short is not None:
        return _range(*short.groups())
    if _BARE.fullmatch(text):
        return f"=={text}"
    test = _TEST.fullmatch(text)
    return f"{test.group(1)}{test.group(2)}" if test else ""


def _range(sign: str, version: str, more: str) -> str:
    """From a version to the next one that may break something."""
    numbers = [int(n) for n in version.split(".") if len(n) < 20]
    if sign == "~":
        place = 0 if len(numbers) == 1 else 1
    else:
        place = next((i for i, n in enumerate(numbers) if n), len(numbers) - 1)
    upper = [*numbers[:place], numbers[place] + 1] if numbers else [1]
    return f">={version}{more},<{'.'.join(map(str, upper))}"

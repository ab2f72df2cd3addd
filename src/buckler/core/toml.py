"""Reads TOML that strangers wrote: the standard library's parser, but for what holds it up (CWE-407)."""

from __future__ import annotations

import re
import tomllib
from typing import Any

_MANY_PARTS = re.compile(
    r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){100}"""
)


def loads(text: str) -> dict[str, Any]:
    """The values of a TOML document, by the parser of the standard library.

    Raises:
        tomllib.TOMLDecodeError: It is none, or has a key of a hundred parts, for which that parser
            takes a time that grows with the square of their number (CWE-407).
        RecursionError: It is nested too deeply.
    """
    if _MANY_PARTS.search(text):
        raise tomllib.TOMLDecodeError("a key has a hundred parts")
    return tomllib.loads(text)

"""Brings a text to the form that the thing behind the application may make of it.

Threat: an attack that is written so that a filter does not know it: encoded twice, as entities, in wide
letters, with null bytes or comments in it (CWE-172 to CWE-180). Each step is linear in the text and its
result no longer than the text, and no step reaches across a line feed, so that many values joined by
line feeds are brought there at once.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

ROUNDS: Final = 3
"""Encodings that are taken off, one after the other."""
_ESCAPES: Final = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_WIDE = re.compile(r"%u([0-9a-f]{4})|\\u\{?([0-9a-f]{4})\}?|\\x([0-9a-f]{2})", re.IGNORECASE)
_OVERLONG = re.compile(
    r"%c([01])%([89ab][0-9a-f])|%e0%(8[01])%([89ab][0-9a-f])|%f0%80%(8[01])%([89ab][0-9a-f])",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"/\*[^!*\n]{0,64}\*/|/\*!\d{0,5}|\*/")
_ZEROS = re.compile(r"(?<=&#)0+(?=[0-9])|(?:(?<=&#x)|(?<=&#X))0+(?=[0-9a-fA-F])")
_BEYOND = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{7,});?")
"""Numbers of more digits than the last character has."""
_IFS = re.compile(r"\$\{ifs\}|\$ifs(?:\$\d)?", re.IGNORECASE)
_LOOKUP = re.compile(
    r"\$\{(?:[^${}\n:]{0,16}:){0,3}-([^${}\n]{0,16})\}|\$\{(?:lower|upper):([^${}\n]{0,16})\}", re.I
)
_FOLDED = (
    (0x00A0, 0x0100), (0x02B0, 0x0300), (0x2000, 0x2150), (0x2215, 0x2217), (0x2460, 0x2500),
    (0xFE00, 0xFE70), (0xFF00, 0xFFF0), (0x1D400, 0x1D800), (0x1F100, 0x1F130),
)  # fmt: skip
"""Where the characters lie that stand for one of ASCII (Unicode 16, compatibility decompositions)."""
_UNSEEN = "\x00\u00ad\u200b\u200c\u200d\u2060\ufeff"


@lru_cache(1)
def _folds() -> Mapping[int, str | None]:
    """By character what it stands for.

    A table in place of ``unicodedata.normalize``, which takes the square of the time for many marks in a
    row, and makes eighteen characters of one.
    """
    found: dict[int, str | None] = {}
    for first, end in _FOLDED:
        for code in range(first, end):
            plain = unicodedata.normalize("NFKC", chr(code))
            if len(plain) == 1 and plain.isascii():
                found[code] = plain
    found |= {ord(one): None for one in _UNSEEN}
    found |= {0x2215: "/", 0x2216: "\\", 0x560A: "\n", 0x560D: "\r", 0x2018: "'", 0x2019: "'"}
    return found


def deep(text: str) -> str:
    """A text in lower case with encodings, entities, wide forms, null bytes and comments taken off.

    Args:
        text: As the application gets it, or several of them, joined by line feeds.
    """
    if not (
        "%" in text or "&" in text or "+" in text or "\\" in text or "*" in text or "$" in text
        or "\x00" in text or not text.isascii()
    ):  # fmt: skip
        return text.lower()
    if "+" in text:
        text = text.replace("+", " ")
    for _ in range(ROUNDS):
        before = text
        if "%" in text:
            text = _ESCAPES.sub(_octets, unwidened(text))
        if "\\" in text:
            text = _WIDE.sub(_wide, text)
        if "&" in text:
            text = html.unescape(_numbered(text) if "&#" in text else text)
        if text == before:
            break
    if not text.isascii() or "\x00" in text:
        text = text.translate(_folds())
    text = text.lower()
    if "*" in text:
        text = _COMMENT.sub(" ", text)
    if "$" in text:
        text = _IFS.sub(" ", text)
        for _ in range(ROUNDS):
            before, text = text, _LOOKUP.sub(r"\1\2", text)
            if text == before:
                break
    return text


def unwidened(text: str) -> str:
    """Forms of characters that are no UTF-8 but were read as such: overlong ones (RFC 3629, 10), ``%u0041``."""
    if "%c" in text or "%C" in text or "%e0" in text or "%E0" in text or "%f0" in text:
        text = _OVERLONG.sub(_short, text)
    if "%u" in text or "%U" in text:
        text = _WIDE.sub(_wide, text)
    return text


def decoded(text: str, *, plus: bool = False) -> str:
    """A part of an address as an application gets it.

    Args:
        text: As it was sent.
        plus: Whether ``+`` is a blank, as it is in a query.
    """
    if plus and "+" in text:
        text = text.replace("+", " ")
    return _ESCAPES.sub(_octets, unwidened(text)) if "%" in text else text


def _numbered(text: str) -> str:
    """Numbers of characters without zeros before them, none beyond Unicode (HTML, 13.2.5.80).

    Python refuses to read a number of some thousand digits.
    """
    return _BEYOND.sub("\ufffd", _ZEROS.sub("", text))


def _octets(found: re.Match[str]) -> str:
    return bytes.fromhex(found[0].replace("%", "")).decode("utf-8", "replace")


def _wide(found: re.Match[str]) -> str:
    return chr(int(found[1] or found[2] or found[3], 16))


def _short(found: re.Match[str]) -> str:
    first, second, third, fourth, fifth, sixth = found.groups()
    low = int(second or fourth or sixth, 16) & 0x3F
    high = int(first) if first else int(third or fifth, 16) & 1
    return chr(high << 6 | low)

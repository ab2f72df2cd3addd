"""Tells passwords that everybody tries first, without their list: from a filter that ships with the package.

Threat: an account that is opened by one of the million words of every guessing tool (CWE-521; ASVS 5.0 V6.2.4,
V6.2.12; NIST SP 800-63B-4, 3.1.1.2, which wants the whole password compared, no part of it).

The filter is a binary fuse filter (Graf and Lemire, 2022): three places of a table, of which exclusive-or gives
20 bits of the word's hash. A word of the list is always told; another one by chance once in 2**20, about one in
a million. ``common.md`` names the lists and ``scripts/common_passwords.py`` makes the table.
"""

from __future__ import annotations

import struct
import sys
import unicodedata
from array import array
from collections.abc import Callable
from functools import cache
from hashlib import blake2s
from pathlib import Path
from typing import Final

MAGIC: Final = b"BUCKLERFUSE1"
HEADER: Final = struct.Struct("<12sIIB")
"""Magic, number of words, number of segments, bits of a segment's length."""
PLACES: Final = struct.Struct("<HHHHI")
"""Of the BLAKE2s of a word: segment, one place in each of three, its mark."""
MARK: Final = 0xFFFFF
"""The bits of a mark that count."""
FILE: Final = Path(__file__).with_name("common.bin")
TAIL: Final = 4
"""Digits and marks at the end that make no other word of a common one."""


class Fuse:
    """A binary fuse filter of 20 bits.

    Args:
        data: Header, a little-endian table of 16 bits, and one of 4 bits, two to a byte.

    Attributes:
        words: How many it was made of.
        knows: Whether a :func:`folded` word is one of them, or looks so by chance.

    Raises:
        ValueError: It is something else, or cut.
    """

    __slots__ = ("knows", "words")

    def __init__(self, data: bytes) -> None:
        magic, self.words, segments, bits = HEADER.unpack_from(data)
        size = (segments + 2) << bits
        if magic != MAGIC or len(data) != HEADER.size + size * 2 + size // 2:
            raise ValueError("no filter of common passwords, or a part of one")
        self.knows: Callable[[str], bool] = _knows(
            _table(data[HEADER.size :], size), segments, 1 << bits
        )


def _knows(table: array[int], segments: int, length: int) -> Callable[[str], bool]:
    """A closure and no method: looking its parts up would take as long as the rest."""
    mask, second, third, places = length - 1, length, length * 2, PLACES.unpack_from

    def knows(word: str) -> bool:
        try:
            segment, one, two, three, mark = places(blake2s(word.encode()).digest())
        except UnicodeEncodeError:
            return False
        first = segment % segments * length
        found: int = (
            table[first + (one & mask)]
            ^ table[first + (two & mask | second)]
            ^ table[first + (three & mask | third)]
        )
        return found == int(mark) & MARK

    return knows


def _table(data: bytes, size: int) -> array[int]:
    """Both tables as one of 32 bits, which takes one look for two: 4.3 MB."""
    low, high = data[: size * 2], data[size * 2 :]
    wide = bytearray(size * 4)
    wide[0::4] = low[0::2]
    wide[1::4] = low[1::2]
    wide[2::8] = high.translate(bytes(value & 15 for value in range(256)))
    wide[6::8] = high.translate(bytes(value >> 4 for value in range(256)))
    table = array("I", bytes(wide))
    if sys.byteorder == "big":
        table.byteswap()
    return table


@cache
def shipped() -> Fuse:
    """The filter of the package, read at its first use: 4.3 MB that stay in memory, once a process."""
    return Fuse(FILE.read_bytes())


def folded(word: str) -> str:
    """A word as the filter knows it: without case, in normal form C."""
    return unicodedata.normalize("NFC", word.casefold())


def is_common(password: str) -> bool:
    """Whether a password is a common one, whole, in whatever case, or a repetition of one.

    Up to :data:`TAIL` digits and marks at its end are taken off and what is left looked up, too:
    ``Administrator-1!`` is what a guessing tool makes of the word first. Words in a longer password do not
    count: three of them in a row are no common password.
    """
    whole = folded(password)
    known = shipped().knows
    if known(whole) or _repeats(whole) or _runs(whole):
        return True
    for cut in range(1, TAIL + 1):
        if len(whole) <= cut + TAIL or whole[-cut].isalpha():
            return False
        if known(whole[:-cut]):
            return True
    return False


def _repeats(whole: str) -> bool:
    """Whether it is one word or a few characters again and again."""
    # A text is a repetition exactly where it is found in its double before its own end.
    unit = (whole + whole).find(whole, 1)
    return unit < len(whole) and (unit <= TAIL or shipped().knows(whole[:unit]))


def _runs(whole: str) -> bool:
    """Whether each character is the next one after, or the one before, its neighbour: ``12345678``."""
    steps = {ord(b) - ord(a) for a, b in zip(whole, whole[1:], strict=False)}
    return steps in ({1}, {-1}) or (steps in ({1, -9}, {-1, 9}) and whole.isdigit())

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
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

MAGIC: Final = b"BUCKLERFUSE1"
HEADER: Final = struct.Struct("<12sIIB")
"""Magic, number of words, number of segments, bits of a segment's length."""
PLACES: Final = struct.Struct("<IHHHHB")
"""Of the SHA-256 of a word: segment, one place in each of three, 16 bits of its mark, then 4 more."""
FILE: Final = Path(__file__).with_name("common.bin")
TAIL: Final = 4
"""Digits and marks at the end that make no other word of a common one."""


class Fuse:
    """A binary fuse filter of 20 bits.

    Args:
        data: Header, a little-endian table of 16 bits, and one of 4 bits, two to a byte.

    Raises:
        ValueError: It is something else, or cut.
    """

    __slots__ = ("_bits", "_high", "_length", "_low", "_mask", "_segments", "words")

    def __init__(self, data: bytes) -> None:
        magic, self.words, self._segments, self._bits = HEADER.unpack_from(data)
        self._length = 1 << self._bits
        self._mask = self._length - 1
        size = (self._segments + 2) * self._length
        if magic != MAGIC or len(data) != HEADER.size + size * 2 + size // 2:
            raise ValueError("no filter of common passwords, or a part of one")
        self._low = array("H")
        self._low.frombytes(data[HEADER.size : HEADER.size + size * 2])
        if sys.byteorder == "big":
            self._low.byteswap()
        self._high = data[HEADER.size + size * 2 :]

    def __contains__(self, word: str) -> bool:
        """Whether it is one of the words, or looks so by chance; of :func:`folded` words."""
        segment, one, two, three, mark, rest = PLACES.unpack_from(
            sha256(word.encode("utf-8", "surrogatepass")).digest()
        )
        mask, length, low = self._mask, self._length, self._low
        first = (segment * self._segments >> 32) << self._bits
        one = first + (one & mask)
        two = first + length + (two & mask)
        three = first + length + length + (three & mask)
        if low[one] ^ low[two] ^ low[three] != mark:
            return False
        high = self._high
        found: int = (
            high[one >> 1] >> (one & 1) * 4
            ^ high[two >> 1] >> (two & 1) * 4
            ^ high[three >> 1] >> (three & 1) * 4
        )
        return not (found ^ int(rest)) & 15


@cache
def shipped() -> Fuse:
    """The filter of the package, read at its first use: 2.7 MB that stay in memory, once a process."""
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
    known = shipped()
    if whole in known or _repeats(whole) or _runs(whole):
        return True
    for cut in range(1, TAIL + 1):
        if len(whole) <= cut + TAIL or whole[-cut].isalpha():
            return False
        if whole[:-cut] in known:
            return True
    return False


def _repeats(whole: str) -> bool:
    """Whether it is one word or a few characters again and again."""
    # A text is a repetition exactly where it is found in its double before its own end.
    unit = (whole + whole).find(whole, 1)
    return unit < len(whole) and (unit <= TAIL or whole[:unit] in shipped())


def _runs(whole: str) -> bool:
    """Whether each character is the next one after, or the one before, its neighbour: ``12345678``."""
    steps = {ord(b) - ord(a) for a, b in zip(whole, whole[1:], strict=False)}
    return steps in ({1}, {-1}) or (steps in ({1, -9}, {-1, 9}) and whole.isdigit())

"""Makes canaries and finds them again.

A canary is the scan's prefix (``bk`` and two characters from the seed) and four digits to
base 36. It is lower case and a valid identifier, so it survives most of what code does to a
text, and it is short enough for narrow fields.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

from buckler.scan.engines.interface import Canary

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
WIDTH = 4
LIMIT = 36**WIDTH

Owner = TypeVar("Owner")


def prefix_of(seed: int) -> str:
    """The first four characters of every canary of a scan."""
    chooser = random.Random(seed)
    return "bk" + "".join(chooser.choice("hjkmnpqrtvwxyz") for _ in range(2))


class Canaries(Generic[Owner]):
    """All canaries of a scan, each with what it belongs to.

    Args:
        prefix: Of :func:`prefix_of`.
        plant: Folder of the files that only a climbing path can name.
        part: Which part of the numbers to use, where several hand out canaries at once.
    """

    def __init__(self, prefix: str, plant: Path, part: int = 0) -> None:
        self.prefix = prefix
        self._plant = plant
        self._owners: dict[str, Owner] = {}
        self._next = 36**2 + part * (LIMIT // 4)
        self._pattern = re.compile(re.escape(prefix) + f"[{DIGITS}]{{{WIDTH}}}", re.IGNORECASE)

    def new(self) -> Canary:
        """A canary that was never used before in this scan."""
        number = self._next
        self._next = self._next + 1 if self._next + 1 < LIMIT else 36**2
        text = self.prefix + _base36(number)
        return Canary(text, f"{text}.test", _address(number), f"{self._plant}/{text}")

    def own(self, canary: Canary, owner: Owner) -> None:
        """Say what a canary belongs to."""
        self._owners[canary.text] = owner

    def find(self, text: str) -> Iterator[tuple[str, Owner]]:
        """The canaries in a text that belong to something, each once, in order."""
        seen: set[str] = set()
        for matched in self._pattern.finditer(text):
            word = matched.group().lower()
            owner = self._owners.get(word)
            if owner is not None and word not in seen:
                seen.add(word)
                yield word, owner

    def inside(self, text: str) -> bool:
        """Whether there is any canary of this scan in a text; cheap."""
        return self.prefix in text or self.prefix in text.lower()


def _base36(number: int) -> str:
    text = ""
    for _ in range(WIDTH):
        number, digit = divmod(number, 36)
        text = DIGITS[digit] + text
    return text


def _address(number: int) -> str:
    """As ``agent/sinks/network.py`` computes it."""
    return f"127.{64 + (number >> 16 & 63)}.{number >> 8 & 255}.{number & 255}"

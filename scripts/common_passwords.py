"""Makes the filter of common passwords, or looks whether the one that is there knows every word of a list.

    python scripts/common_passwords.py LIST...            write src/buckler/guard/auth/password/common.bin
    python scripts/common_passwords.py --check LIST...    exit 1 where it misses a word

A list is a text with one word a line (also .gz), a JSON list, or zxcvbn's ``frequency_lists.py``, which is run.
common.md beside the filter names the lists that it was made of and where they come from.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import runpy
import secrets
import sys
from array import array
from collections.abc import Iterable, Iterator
from hashlib import blake2s
from pathlib import Path

from buckler.guard.auth.password.common import FILE, HEADER, MAGIC, MARK, PLACES, Fuse, folded

SPARE = (1.02, 1.1, 1.5, 2.0, 4.0)
"""How much more room than the authors' estimate is tried, one after the other."""
LEAST_BITS = 8
LARGEST = 3_000_000
SAMPLES = 3_000_000


def words(path: Path) -> Iterator[str]:
    """The words of a list, as they stand there."""
    if path.suffix == ".py":
        yield from runpy.run_path(str(path))["FREQUENCY_LISTS"]["passwords"]
        return
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", errors="surrogateescape") as file:
        text = file.read()
    if path.suffix == ".json":
        yield from json.loads(text)
        return
    # Not splitlines(), which divides at characters that a word may hold.
    yield from (line.removesuffix("\r") for line in text.split("\n"))


def normal(found: Iterable[str]) -> set[str]:
    """Words as the filter knows them; those that are no UTF-8 cannot come from anybody."""
    return {
        folded(word) for word in found if word and not any("\ud800" <= c < "\ue000" for c in word)
    }


def build(found: Iterable[str]) -> bytes:
    """The filter of some words (Graf and Lemire, Binary Fuse Filters, 2022).

    Raises:
        RuntimeError: There is not room enough, however much is tried: two words have the same hash.
    """
    known = sorted(set(found))
    for spare in SPARE:
        data = arranged(known, spare)
        if data is not None:
            return data
    raise RuntimeError("the graph of these words has a cycle")


def arranged(known: list[str], spare: float) -> bytes | None:
    """The filter with so much more room than estimated, or None where the graph of the words has a cycle."""
    count = max(len(known), 2)
    bits = min(max(int(math.log(count) / math.log(3.33) + 2.25), LEAST_BITS), 16)
    factor = max(1.125, 0.875 + 0.25 * math.log(1_000_000) / math.log(count)) * spare
    segments = max(math.ceil(count * factor / (1 << bits)) - 2, 1)
    length, mask = 1 << bits, (1 << bits) - 1
    size = (segments + 2) * length
    places: list[tuple[int, int, int]] = []
    marks = array("L")
    for word in known:
        segment, one, two, three, mark = PLACES.unpack_from(blake2s(word.encode()).digest())
        first = segment % segments * length
        two, three = two & mask | length, (three & mask) + length * 2
        places.append((first + (one & mask), first + two, first + three))
        marks.append(mark & MARK)
    order = peeled(places, size)
    if len(order) != len(known):
        return None
    # What no word uses is filled by chance, so that a foreign word meets no zeros.
    table = array("L", (secrets.randbits(20) for _ in range(size)))
    for number, spot in reversed(order):
        value = marks[number]
        for other in places[number]:
            if other != spot:
                value ^= table[other]
        table[spot] = value
    return HEADER.pack(MAGIC, len(known), segments, bits) + packed(table)


def peeled(places: list[tuple[int, int, int]], size: int) -> list[tuple[int, int]]:
    """Words in an order in which each has a place that no later one uses, with that place."""
    degree, owners = bytearray(size), array("q", bytes(8 * size))
    for number, spots in enumerate(places):
        for spot in spots:
            degree[spot] += 1
            owners[spot] ^= number
    order = []
    alone = [spot for spot in range(size) if degree[spot] == 1]
    while alone:
        spot = alone.pop()
        if degree[spot] != 1:
            continue
        number = owners[spot]
        order.append((number, spot))
        for other in places[number]:
            degree[other] -= 1
            owners[other] ^= number
            if degree[other] == 1:
                alone.append(other)
    return order


def packed(table: array[int]) -> bytes:
    """A table of 20 bits as one of 16, little-endian, and one of 4, two to a byte."""
    low = array("H", (value & 0xFFFF for value in table))
    if sys.byteorder == "big":
        low.byteswap()
    high = (table[spot] >> 16 | (table[spot + 1] >> 16) << 4 for spot in range(0, len(table), 2))
    return low.tobytes() + bytes(high)


def main() -> None:
    """Write the filter, or look into the one that is there."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("lists", nargs="+", type=Path)
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args()
    known = normal(word for path in chosen.lists for word in words(path))
    if not chosen.check:
        data = build(known)
        if len(data) > LARGEST:
            sys.exit(f"{len(data)} bytes: more than {LARGEST}")
        FILE.write_bytes(data)
    fuse = Fuse(FILE.read_bytes())
    missed = sum(not fuse.knows(word) for word in known)
    wrong = sum(fuse.knows(secrets.token_hex(10)) for _ in range(SAMPLES))
    print(f"{len(known)} words, {missed} missed, {FILE.stat().st_size} bytes")
    print(f"{wrong} of {SAMPLES} words of chance told, {wrong / SAMPLES:.1e}")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()

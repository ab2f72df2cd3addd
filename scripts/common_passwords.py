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
from hashlib import sha256
from pathlib import Path

from buckler.guard.auth.password.common import FILE, HEADER, MAGIC, PLACES, Fuse, folded

SPARE = 1.02
"""More room than the authors' estimate, so that the first try succeeds."""
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
        RuntimeError: The graph of the words has a cycle: there is not room enough.
    """
    known = sorted(set(found))
    count = max(len(known), 2)
    bits = min(max(int(math.log(count) / math.log(3.33) + 2.25), 2), 16)
    factor = max(1.125, 0.875 + 0.25 * math.log(1_000_000) / math.log(count)) * SPARE
    segments = max(math.ceil(count * factor / (1 << bits)) - 2, 1)
    length, mask = 1 << bits, (1 << bits) - 1
    size = (segments + 2) * length
    degree, owners = bytearray(size), array("q", bytes(8 * size))
    places: list[tuple[int, int, int]] = []
    marks = array("L")
    for number, word in enumerate(known):
        segment, one, two, three, low, high = PLACES.unpack_from(sha256(word.encode()).digest())
        first = (segment * segments >> 32) << bits
        spots = (
            first + (one & mask),
            first + length + (two & mask),
            first + length * 2 + (three & mask),
        )
        places.append(spots)
        marks.append(low | (high & 15) << 16)
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
    if len(order) != len(known):
        raise RuntimeError("the graph of these words has a cycle: raise SPARE")
    # What no word uses is filled by chance, so that a foreign word meets no zeros.
    table = array("L", (secrets.randbits(20) for _ in range(size)))
    for number, spot in reversed(order):
        value = marks[number]
        for other in places[number]:
            if other != spot:
                value ^= table[other]
        table[spot] = value
    low = array("H", (value & 0xFFFF for value in table))
    if sys.byteorder == "big":
        low.byteswap()
    high = bytes(table[spot] >> 16 | (table[spot + 1] >> 16) << 4 for spot in range(0, size, 2))
    return HEADER.pack(MAGIC, len(known), segments, bits) + low.tobytes() + high


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
    missed = sum(word not in fuse for word in known)
    wrong = sum(secrets.token_hex(10) in fuse for _ in range(SAMPLES))
    print(f"{len(known)} words, {missed} missed, {FILE.stat().st_size} bytes")
    print(f"{wrong} of {SAMPLES} words of chance told, {wrong / SAMPLES:.1e}")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()

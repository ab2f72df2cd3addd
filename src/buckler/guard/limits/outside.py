"""What of JSON is not in its texts, told in a few passes that are written in C (CWE-400).

Threat: a loop over a megabyte, or a piece for each of half a million quotes, stops the event loop.
"""

from __future__ import annotations

from typing import Final

FEW_QUOTES: Final = 20_000
"""As many pieces are made in a few milliseconds."""
_QUOTES: Final = bytes(byte == ord('"') for byte in range(256))


def outside_of_texts(marks: bytes) -> bytes:
    """The bytes before, between and behind pairs of quotes.

    Args:
        marks: Text without escapes and without zero bytes.
    """
    # Empty texts are most of those that ordinary JSON has left; a pair less changes nothing for the others.
    marks = marks.replace(b'""', b"")
    if marks.count(b'"') <= FEW_QUOTES:
        return b"".join(marks.split(b'"')[::2])
    # A byte is in a text where the number of quotes up to it is odd: sums of 1, 2, 4... neighbours at once,
    # in one long number. The cost is the length's alone, wherever the quotes are.
    bits = len(marks) * 8
    odd = int.from_bytes(marks.translate(_QUOTES), "big")
    step = 8
    while step < bits:
        odd ^= odd >> step
        step *= 2
    kept = int.from_bytes(marks, "big") & ~(odd * 255)
    return kept.to_bytes(len(marks), "big").translate(None, b'\0"')

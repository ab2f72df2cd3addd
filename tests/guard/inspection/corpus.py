"""Reads the values in ``corpus/``: attacks and ordinary ones, those that patterns were made with and those held out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"
KINDS = frozenset(
    "sql nosql xss traversal command template crlf ldap xpath xxe ssrf lookup scanner".split()
)


def lines(name: str) -> Iterator[tuple[str, str]]:
    """Kind and value of each line; the kind is empty for ordinary ones."""
    kind, above = "", True
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if above and line.startswith("# "):
            continue
        above = False
        if line[1:-1] in KINDS and line[0] == "[":
            kind = line[1:-1]
        else:
            yield kind, line.replace("⏎", "\n").replace("␍", "\r")

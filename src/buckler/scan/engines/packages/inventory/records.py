"""Reads RECORD: which files a distribution says that it consists of, and their hashes.

Somebody who can write into an environment, or into the folder that wheels are taken from, changes a module and nobody
looks (CWE-353). The hashes that came with the package tell. Source: PEP 376, PEP 427, PEP 627.
"""

from __future__ import annotations

import base64
import binascii
import csv
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file

MAX_RECORD: Final = 20_000_000
"""Bytes of one RECORD; the largest packages have 3 MB."""
_CHUNK: Final = 1 << 20
_HASHES: Final[dict[str, Callable[[], hashlib._Hash]]] = {
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}
"""PEP 427 takes no weaker ones."""


@dataclass(frozen=True, slots=True)
class Row:
    """One file of a distribution.

    Attributes:
        path: Relative to the folder that the distribution is installed in.
        algorithm: ``sha256``, ``sha384`` or ``sha512``; empty where there is no hash that counts.
        digest: Its hash.
        size: Bytes; None where they are not stated.
        line: 1-based line of RECORD.
    """

    path: str
    algorithm: str
    digest: bytes
    size: int | None
    line: int


def rows(text: str) -> Iterator[Row]:
    """The files that a RECORD names, those outside of its folder left out.

    Raises:
        ValueError: It is no table of that kind.
    """
    try:
        for line, row in enumerate(csv.reader(text.splitlines()), 1):
            if not row or not row[0]:
                continue
            path, stated, size = (*row, "", "")[:3]
            pure = PurePosixPath(path.replace("\\", "/"))
            if pure.is_absolute() or ".." in pure.parts or ":" in pure.parts[0]:
                continue
            algorithm, _, digest = stated.partition("=")
            known = algorithm if algorithm in _HASHES else ""
            length = int(size) if size.isascii() and size.isdigit() and len(size) < 16 else None
            yield Row(pure.as_posix(), known, _decoded(digest) if known else b"", length, line)
    except csv.Error as error:
        raise ValueError(str(error)) from error


def _decoded(digest: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(digest + "=" * (-len(digest) % 4))
    except (binascii.Error, ValueError):
        return b""


def of(info: Path) -> str:
    """The text of the RECORD in a ``.dist-info`` folder.

    Raises:
        FileNotFoundError: There is none.
        UnreadableFile: It is no regular file, or too large.
    """
    return read_project_file(info / "RECORD", info, MAX_RECORD).decode("utf-8", "replace")


def owner(library: Path, name: str) -> Path | None:
    """The ``.dist-info`` folder of the distribution that brought a file of a library; None where none did."""
    for info in sorted(library.glob("*.dist-info")):
        try:
            text = of(info)
            if name in text and any(row.path == name for row in rows(text)):
                return info
        except (FileNotFoundError, UnreadableFile, ValueError):
            continue  # what cannot be read names nothing
    return None


def digest(algorithm: str, read: Callable[[int], bytes], limit: int) -> bytes:
    """The hash of what a reader gives, or nothing where that is longer than ``limit`` bytes."""
    made = _HASHES[algorithm]()
    left = limit
    while data := read(min(_CHUNK, left + 1)):
        left -= len(data)
        if left < 0:
            return b""
        made.update(data)
    return made.digest()

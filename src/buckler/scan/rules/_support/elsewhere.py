"""What stands in the other files of the project, for fixers that change what a name or a path stands for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from buckler.scan.discover import SKIPPED_FOLDERS
from buckler.scan.fix.draft import Draft

_MOST_BYTES = 1_000_000
_BEGINNING = 8192
"""Bytes of a large file that tell whether it is text."""


def stands_elsewhere(draft: Draft, written: str) -> bool:
    """Whether any other file of the project holds a text; also where not all of them can be read."""
    return any(content is None or written.encode() in content for _, content in other_files(draft))


def other_files(draft: Draft) -> Iterator[tuple[Path, bytes | None]]:
    """The other files of the project with what they hold.

    None stands for a file that may hold anything: it cannot be read, or it has more than a megabyte of text.
    Large files of other kinds, pictures or databases, are left out.
    """
    for root, folders, names in os.walk(draft.folder):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        for file in (Path(root) / name for name in names if not name.endswith(".pyc")):
            if file == draft.folder / draft.path or not file.is_file() or file.is_symlink():
                continue
            try:
                large = file.stat().st_size >= _MOST_BYTES
                with file.open("rb") as stream:
                    content = stream.read(_BEGINNING if large else -1)
            except OSError:
                yield file, None
                continue
            if not large:
                yield file, content
            elif b"\0" not in content:
                yield file, None

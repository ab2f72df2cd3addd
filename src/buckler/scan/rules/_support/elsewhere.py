"""What stands in the other files of the project, for fixers that change what a name or a path stands for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from buckler.scan.discover import SKIPPED_FOLDERS
from buckler.scan.fix.draft import Draft

_MOST_BYTES = 1_000_000


def stands_elsewhere(draft: Draft, written: str) -> bool:
    """Whether any other file of the project holds a text; files of more than a megabyte are not read."""
    return any(written.encode() in content for _, content in other_files(draft))


def other_files(draft: Draft) -> Iterator[tuple[Path, bytes]]:
    """The other files of the project with what they hold."""
    for root, folders, names in os.walk(draft.folder):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        for file in (Path(root) / name for name in names if not name.endswith(".pyc")):
            if file == draft.folder / draft.path or not file.is_file() or file.is_symlink():
                continue
            if file.stat().st_size < _MOST_BYTES:
                yield file, file.read_bytes()

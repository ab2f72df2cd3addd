"""What the source of a project imports. Nothing is run: imports are read off the source."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file
from buckler.scan.discover import python_files

_MAX_BYTES: Final = 5_000_000
_IMPORT: Final = re.compile(
    rb"^[ \t]*(?:from[ \t]+([A-Za-z_][\w.]*)[ \t]+import|import[ \t]+([A-Za-z_][\w.]*(?:[ \t]+as[ \t]+\w+)?"
    rb"(?:[ \t]*,[ \t]*[A-Za-z_][\w.]*(?:[ \t]+as[ \t]+\w+)?)*))",
    re.MULTILINE,
)


_MOST_PARTS: Final = 12
"""Of a dotted name; no package has modules so deep."""


class Imports:
    """What the source of a project imports.

    Args:
        folder: Of the project; None where nothing is asked of it.

    Attributes:
        paths: The files, relative to the folder.
        digest: Of their paths and contents.
    """

    def __init__(self, folder: Path | None) -> None:
        self._first: dict[str, tuple[str, int, str]] = {}
        self._by_file: dict[str, set[str]] = {}
        self.paths: list[str] = []
        self.digest = ""
        if folder is None:
            return
        content = hashlib.blake2b(digest_size=20)
        for file in python_files(folder):
            path = file.relative_to(folder).as_posix()
            try:
                text = read_project_file(file, folder, _MAX_BYTES)
            except (UnreadableFile, FileNotFoundError):
                text = b""  # the source engine says so
            self.paths.append(path)
            content.update(f"{len(path)} {path} {len(text)} ".encode("utf-8", "surrogateescape"))
            content.update(text)
            for module, line, written in _imports(text):
                for name in _prefixes(module):
                    self._first.setdefault(name, (path, line, written))
                    self._by_file.setdefault(path, set()).add(name)
        self.digest = content.hexdigest()

    def having(self, modules: Iterable[str]) -> list[str]:
        """The files that import one of these modules."""
        wanted = set(modules)
        return [path for path, names in self._by_file.items() if not wanted.isdisjoint(names)]

    def of(self, modules: Iterable[str]) -> tuple[str, int, str] | None:
        """The first place where one of these modules is imported."""
        return next((self._first[name] for name in modules if name in self._first), None)


def _imports(text: bytes) -> Iterator[tuple[str, int, str]]:
    at, line = 0, 1
    for found in _IMPORT.finditer(text):
        line += text.count(b"\n", at, found.start())
        at = found.start()
        written = found.group().decode("ascii", "replace").strip()
        if found.group(1):
            yield found.group(1).decode("ascii", "replace"), line, written
        else:
            for part in found.group(2).split(b","):
                yield part.split()[0].decode("ascii", "replace"), line, written


def _prefixes(module: str) -> Iterator[str]:
    parts = module.split(".", _MOST_PARTS)[:_MOST_PARTS]
    for count in range(1, len(parts) + 1):
        yield ".".join(parts[:count])

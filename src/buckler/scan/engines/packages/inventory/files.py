"""Reads the files that a project's packages are told by.

They come from a tree that is not trusted: links that lead out of it, pipes and files without an end
are refused (CWE-59, CWE-400), and bytes that are no text are told instead of dropped.
"""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Final

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file
from buckler.scan.engines.packages.inventory.model import Problem

MAX_BYTES: Final = 100_000_000
"""Of one file; a lock of 20,000 packages has about 40 MB."""


class Folder:
    """The scanned folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems: list[Problem] = []

    def text(self, path: str) -> str:
        """The text of a file, by its path relative to the folder; lines end with a line feed.

        Raises:
            FileNotFoundError: There is none.
            UnreadableFile: It is no regular file, leads out of the folder or is too large.
        """
        if "\\0" in path:
            raise UnreadableFile("there is no such name", hint="correct the path")
        data = read_project_file(self.root / path, self.root, MAX_BYTES)
        return self._decoded(path, data).replace("\r\n", "\n")

    def _decoded(self, path: str, data: bytes) -> str:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16", "replace")  # what PowerShell writes, and pip reads
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self.problems.append(Problem(path, line, "this is not UTF-8", "save it as UTF-8"))
            return data.decode("utf-8", "replace")

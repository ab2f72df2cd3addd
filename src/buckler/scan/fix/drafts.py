"""Opens a file of a project for fixers: text and tree that belong together."""

from __future__ import annotations

import ast
from pathlib import Path

from buckler.core.errors import UnreadableFile
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.text import Text
from buckler.scan.python.parsing import parsed


def draft_of(folder: Path, path: str) -> Draft:
    """A file of a project, nothing changed yet.

    Args:
        folder: Of the project.
        path: Relative to it, with ``/``.

    Raises:
        UnreadableFile: It is not there, leads out of the folder, is no text, does not parse, or
            changed while it was read.
    """
    file = folder / path
    text = Text.read(file, folder)
    if file.suffix not in (".py", ".pyi"):
        return Draft(path, text, ast.Module([], []), folder)
    tree, read = parsed(file, folder)
    if read != text.text:
        raise UnreadableFile("it changed while it was read", hint="run `buckler fix` again")
    return Draft(path, text, tree, folder)

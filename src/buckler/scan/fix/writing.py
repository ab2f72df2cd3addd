"""Makes the new text of each file out of repairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from buckler.core.errors import RepairError
from buckler.scan.fix.edits import FileRepair, Repair, applied
from buckler.scan.fix.import_places import import_edits
from buckler.scan.fix.text import Text
from buckler.scan.python.parsing import parsed


@dataclass(frozen=True, slots=True)
class Written:
    """A file before and after.

    Attributes:
        path: Relative to the project's folder, with ``/``.
        before: Its text; empty where it is new.
        after: The new text.
        data: The new text as bytes.
        digest: SHA-256 of the bytes that were read; None where the file is new.
    """

    path: str
    before: str
    after: str
    data: bytes
    digest: str | None


def written(folder: Path, repairs: Iterable[Repair]) -> list[Written]:
    """What the files of a project become with some repairs, in the order of their paths.

    Raises:
        RepairError: Two repairs touch the same text, or a file to be made is there already.
        UnreadableFile: A file cannot be read, or its encoding has not the letters of a repair.
    """
    by_path: dict[str, list[FileRepair]] = {}
    for repair in repairs:
        for file in repair.files:
            by_path.setdefault(file.path, []).append(file)
    return [_one(folder, path, files) for path, files in sorted(by_path.items())]


def _one(folder: Path, path: str, files: Sequence[FileRepair]) -> Written:
    if any(file.created is not None for file in files):
        return _created(folder, path, files)
    text = Text.read(folder / path, folder)
    edits = list(dict.fromkeys(edit for file in files for edit in file.edits))
    imports = [statement for file in files for statement in file.imports]
    if imports:
        used = min((edit.start for edit in edits), default=None)
        edits += import_edits(text, parsed(folder / path, folder)[0], imports, folder, used)
    after = applied(text.text, edits)
    return Written(path, text.text, after, text.encoded(after), text.digest)


def _created(folder: Path, path: str, files: Sequence[FileRepair]) -> Written:
    wanted = {file.created for file in files}
    new = files[0].created
    if len(wanted) > 1 or new is None:
        raise RepairError(f"two repairs make {path} in different ways", hint="take one at a time")
    if (folder / path).exists() or (folder / path).is_symlink():
        raise RepairError(f"{path} is there already", hint="move it away")
    return Written(path, "", new, new.encode("utf-8"), None)

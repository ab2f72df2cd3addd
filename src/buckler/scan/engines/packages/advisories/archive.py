"""Reads records out of what a database publishes: an archive, a folder, one file.

Threat: an archive from outside that is cut short, unpacks to more than the machine has (CWE-409), or names paths that
climb out of a folder (CWE-22). Nothing is unpacked to a disk, names are used in messages alone, and each entry and all
of them together have a bound.
"""

from __future__ import annotations

import json
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from buckler.core.errors import AdvisoryError, UnreadableFile
from buckler.core.files import read_project_file

ENTRY_BYTES: Final = 8_000_000
YAML_BYTES: Final = 200_000
"""Ten times the largest record that is published as YAML, which takes a hundred times as long to read as JSON."""
ALL_BYTES: Final = 3_000_000_000
ENTRIES: Final = 2_000_000
_JSON: Final = ".json"
_YAML: Final = (".yaml", ".yml")
Read = tuple[str, Any]
"""Where a record was, and the record, or the :class:`AdvisoryError` that it cannot be read."""


def records(path: Path) -> Iterator[Read]:
    """Each record of a source.

    Args:
        path: A zip or tar archive (``all.zip`` of OSV, or of a repository), a folder, or a ``.json`` or ``.yaml`` file.

    Raises:
        AdvisoryError: There is no such source, or it breaks off: of an archive that is cut short nothing counts.
    """
    if path.is_dir():
        yield from _folder(path)
    elif not path.is_file():
        raise AdvisoryError(
            f"there is no archive, folder or file {path}",
            hint="--from takes OSV's all.zip, a folder of records, or an https:// address",
        )
    elif path.name.endswith((_JSON, *_YAML)):
        yield _one(path.name, _file(path, path.parent))
    else:
        yield from _archive(path)


def _folder(folder: Path) -> Iterator[Read]:
    count = 0
    for root, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        for name in sorted(names):
            if not name.endswith((_JSON, *_YAML)):
                continue
            count += 1
            if count > ENTRIES:
                raise AdvisoryError(f"{folder} has more than {ENTRIES} records")
            file = Path(root, name)
            yield _one(file.relative_to(folder).as_posix(), _file(file, folder))


def _file(file: Path, folder: Path) -> bytes | AdvisoryError:
    try:
        return read_project_file(file, folder, ENTRY_BYTES)
    except (UnreadableFile, FileNotFoundError) as error:
        return AdvisoryError(str(error))


def _archive(path: Path) -> Iterator[Read]:
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                yield from _zip(archive)
        elif tarfile.is_tarfile(path):
            with tarfile.open(path, "r:*") as tar:
                yield from _tar(tar)
        else:
            raise AdvisoryError(
                f"{path} is no archive, or one that is cut short", hint="fetch it again"
            )
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise AdvisoryError(f"{path} cannot be read: {error}", hint="fetch it again") from error
    except (NotImplementedError, RuntimeError) as error:  # a method unknown to zipfile, a password
        raise AdvisoryError(f"{path} cannot be unpacked: {error}") from error


def _zip(archive: zipfile.ZipFile) -> Iterator[Read]:
    found = [item for item in archive.infolist() if item.filename.endswith((_JSON, *_YAML))]
    if len(found) > ENTRIES:
        raise AdvisoryError(f"it has more than {ENTRIES} records")
    budget = _Budget()
    for item in found:
        with archive.open(item) as stream:
            yield _one(item.filename, budget.read(stream, item.filename))


def _tar(archive: tarfile.TarFile) -> Iterator[Read]:
    budget = _Budget()
    for count, item in enumerate(archive):
        if count > ENTRIES:
            raise AdvisoryError(f"it has more than {ENTRIES} entries")
        stream = archive.extractfile(item) if item.isreg() else None
        if stream is None or not item.name.endswith((_JSON, *_YAML)):
            budget.skip(item.size)
            continue
        with stream:
            yield _one(item.name, budget.read(stream, item.name))


class _Budget:
    """What may still be unpacked."""

    def __init__(self) -> None:
        self._left = ALL_BYTES

    def read(self, stream: IO[bytes], name: str) -> bytes:
        """The bytes of an entry, whatever size its head says.

        Raises:
            AdvisoryError: It is larger than a record can be.
        """
        data = stream.read(ENTRY_BYTES + 1)
        if len(data) > ENTRY_BYTES:
            raise AdvisoryError(f"{name} unpacks to more than {ENTRY_BYTES // 1_000_000} MB")
        self.skip(len(data))
        return data

    def skip(self, size: int) -> None:
        """Count what the archive unpacks on the way.

        Raises:
            AdvisoryError: All of it is larger than a database can be.
        """
        self._left -= size
        if self._left < 0:
            raise AdvisoryError(f"it unpacks to more than {ALL_BYTES // 1_000_000_000} GB")


def _one(name: str, data: bytes | AdvisoryError) -> Read:
    if isinstance(data, AdvisoryError):
        return name, data
    try:
        return name, json.loads(data) if name.endswith(_JSON) else _yaml(data)
    except (ValueError, RecursionError) as error:
        return name, AdvisoryError(f"it cannot be read: {error}")


def _yaml(data: bytes) -> Any:
    if len(data) > YAML_BYTES:
        raise ValueError(f"it has more than {YAML_BYTES // 1000} kB of YAML")
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=False).load(data)
    except YAMLError as error:
        raise ValueError(str(error).replace("\n", " ")[:200]) from error

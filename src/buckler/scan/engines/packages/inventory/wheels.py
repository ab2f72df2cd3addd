"""Reads a folder of wheels: what is installed from it where no index is reached.

A wheel is an archive from outside: it can unpack to more than there is memory, name files above its
folder, or be none at all (CWE-409, CWE-22). Nothing is unpacked; of one file in it, a bounded part
is read. Source: the binary distribution format (PEP 427), the core metadata specification.
"""

from __future__ import annotations

import lzma
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import IO, Final

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from buckler.scan.engines.packages.inventory.core_metadata import (
    MAX_METADATA,
    Metadata,
    brings,
    metadata,
)
from buckler.scan.engines.packages.inventory.declared import Manifest
from buckler.scan.engines.packages.inventory.locked import Locked, packages
from buckler.scan.engines.packages.inventory.model import Inventory, Problem

KIND: Final = "wheels"
MAX_WHEELS: Final = 5000
MAX_LISTING: Final = 50_000_000
"""Bytes of an archive's list of its files; the largest on the index have some 5 MB."""
_HINT: Final = "download the wheel again"
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_FLAGS |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_END = b"PK\x05\x06"
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,  # encrypted
    NotImplementedError,  # a way to compress that is not known
    ValueError,
    KeyError,
)


def read(path: str, folder: Path, names: Iterable[str], manifest: Manifest) -> Inventory:
    """What lies in a folder of wheels.

    Args:
        path: Of the folder with the wheels, relative to the scanned one.
        folder: The scanned one.
        names: Of the wheels in it.
        manifest: What the project asks for.
    """
    problems: list[Problem] = []
    found: list[Locked] = []
    for count, name in enumerate(sorted(names)):
        if count >= MAX_WHEELS:
            what = f"there are more than {MAX_WHEELS} wheels; those beyond were not read"
            problems.append(Problem(path, 0, what, "scan a smaller folder"))
            break
        one = _wheel(PurePosixPath(path, name).as_posix(), folder, problems)
        if one is not None:
            found.append(one)
    return Inventory(path, KIND, packages(found, manifest), tuple(problems))


def _wheel(path: str, folder: Path, problems: list[Problem]) -> Locked | None:
    file = PurePosixPath(path).name
    try:
        named, version, _, _ = parse_wheel_filename(file)
    except InvalidWheelFilename:
        problems.append(Problem(path, 0, "this is not the name of a wheel", _HINT))
        return None
    name = str(named)
    try:
        inside = _metadata(folder / path, name)
    except _BROKEN as error:
        problems.append(Problem(path, 0, f"the wheel cannot be read: {_why(error)}", _HINT))
        return Locked(name, str(version), 1, path, marker="")
    if inside.name != name or not _same(inside.version, str(version)):
        what = f"its metadata are those of {inside.name or 'nothing'} {inside.version}".strip()
        problems.append(Problem(path, 0, what, _HINT))
    return Locked(
        name, str(version), 1, path, marker="", brings=brings(inside.requires), python=inside.python
    )


def _same(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return False


def _why(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text or type(error).__name__


def _metadata(file: Path, name: str) -> Metadata:
    """The metadata of a wheel; any of ``_BROKEN`` where there are none that can be read."""
    with open(os.open(file, _FLAGS), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise zipfile.BadZipFile("it is not a regular file")
        bounded(stream)
        with zipfile.ZipFile(stream) as archive:
            listed = archive.infolist()
            for info in listed:
                if info.filename.startswith(("/", "\\")) or ".." in info.filename.split("/"):
                    raise zipfile.BadZipFile(f"it names a path outside: {info.filename[:80]}")
            wanted = [i for i in listed if _is_metadata(i.filename)]
            if len(wanted) != 1:
                raise zipfile.BadZipFile(f"it has {len(wanted)} files of metadata in place of one")
            with archive.open(wanted[0]) as inner:
                data = inner.read(MAX_METADATA + 1)
    if len(data) > MAX_METADATA:
        raise zipfile.BadZipFile(f"its metadata are larger than {MAX_METADATA // 1_000_000} MB")
    return metadata(data.decode("utf-8", "replace"))


def _is_metadata(path: str) -> bool:
    folder, _, name = path.partition("/")
    return name == "METADATA" and folder.endswith(".dist-info")


def bounded(stream: IO[bytes]) -> None:
    """Refuses an archive whose list of files would fill the memory, before it is read."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - 66_000))
    tail = stream.read(66_000)
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        raise zipfile.BadZipFile("it is no archive, or cut short")
    (listing,) = struct.unpack("<I", tail[at + 12 : at + 16])
    if listing > MAX_LISTING:
        raise zipfile.BadZipFile("it has too many files")
    stream.seek(0)

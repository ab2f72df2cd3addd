"""Every text of a project that may be code, or may name code: not only what is called ``.py``.

A function is come to from a notebook, a script without an ending, a folder called ``build``, a logging configuration.
So nothing is left out by its name but what cannot lead to Python, and what was not read is said to be unread.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file
from buckler.scan.engines.packages.reach.naming import uses_of
from buckler.scan.engines.packages.reach.notebooks import code_of
from buckler.scan.engines.packages.reach.uses import Uses
from buckler.scan.python.parsing import text_of, tree_of

MOST_FILES: Final = 20_000
MOST_BYTES: Final = 20_000_000
_MOST_OF_ONE: Final = 2_000_000
_AWAY: Final = frozenset(
    (
        *(".git", ".hg", ".svn", ".tox", ".nox", ".venv", ".mypy_cache", ".pytest_cache"),
        *(".ruff_cache", ".buckler", "__pycache__", "node_modules"),
    )
)
"""Folders that no import leads into."""
_PYTHON: Final = frozenset((".py", ".pyw", ".pyi", ".wsgi", ".cgi", ".ipynb"))
_CLOSED: Final = frozenset(
    (
        *(".pyc", ".pyo", ".pyd", ".so", ".pyx", ".pxd", ".zip", ".egg", ".pyz", ".pex"),
        *(".shiv", ".pkl", ".pickle", ".joblib", ".dill", ".gz", ".bz2", ".xz", ".lzma"),
        *(".zst", ".tgz", ".tbz", ".tbz2", ".txz", ".tar", ".7z", ".rar", ".npy", ".npz"),
        *(".h5", ".hdf5", ".keras"),
    )
)
"""Code, or what may hold or name code, that is not read."""
_NO_CODE: Final = frozenset(
    (
        *(".md", ".markdown", ".rst", ".adoc", ".csv", ".tsv", ".log", ".po", ".pot", ".sql"),
        *(".whl", ".css", ".scss", ".less", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx"),
        *(".map", ".vue", ".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".ico", ".avif"),
        *(".pdf", ".mp3", ".mp4", ".wav", ".ogg", ".webm", ".woff", ".woff2", ".ttf", ".otf"),
        *(".eot", ".ttc", ".db", ".sqlite", ".sqlite3", ".db-wal", ".db-shm", ".db-journal"),
        *(".sqlite-wal", ".sqlite-shm", ".sqlite3-wal", ".sqlite3-shm", ".parquet"),
        *(".xlsx", ".docx", ".pptx", ".xls", ".doc", ".ppt", ".odt", ".ods", ".onnx"),
        *(".safetensors", ".pem", ".crt", ".key", ".der", ".p12", ".pfx", ".jks", ".mo"),
        *(".bmp", ".tif", ".tiff", ".heic", ".icns", ".psd", ".mov", ".avi", ".mkv", ".m4a"),
        *(".flac", ".aac", ".mmdb", ".avro", ".arrow", ".feather"),
    )
)
"""Prose, data and what browsers run."""
_NO_CODE_NAMES: Final = frozenset((".DS_Store", "Thumbs.db", ".coverage"))
_PACKED: Final = (".gz", ".bz2", ".xz", ".lzma", ".zst")
_INSTALLED: Final = frozenset(("bin", "Scripts", "lib", "lib64", "Lib", "include", "share"))
"""Folders of an environment."""
_PYTHON_LINE: Final = re.compile(r"#!.*\bpython|.*-\*-\s*(?:mode:\s*)?python", re.IGNORECASE)
_ESCAPED: Final = re.compile(r"\\(?:u00|x)([2-7][0-9a-fA-F])")


@dataclass(slots=True)
class Files:
    """What was read.

    Attributes:
        code: What each file of Python names, by path.
        texts: Other texts by path.
        whole: Whether all that may matter was read.
    """

    code: dict[str, Uses] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    whole: bool = True


def read(folder: Path) -> Files:
    """Read a project; what leads out of it, is too much or does not parse leaves it not whole."""
    made, room = Files(), MOST_BYTES
    for count, path in enumerate(_paths(folder, made), 1):
        name = path.relative_to(folder).as_posix()
        if path.suffix.lower() in _CLOSED or count > MOST_FILES:
            made.whole = False
        if not made.whole:
            break
        try:
            data = read_project_file(path, folder, _MOST_OF_ONE)
            room -= len(data)
            made.whole = room >= 0
            _sort(made, name, path.suffix.lower(), data)
        except (UnreadableFile, FileNotFoundError):
            made.whole = False
    return made


def _paths(folder: Path, made: Files) -> Iterator[Path]:
    """The files that matter, in order."""

    def failed(error: OSError) -> None:
        made.whole = False

    for root, folders, names in os.walk(folder, onerror=failed, followlinks=False):
        here = Path(root)
        away = _AWAY | _INSTALLED if here != folder and _is_environment(here) else _AWAY
        folders[:] = sorted(n for n in folders if n not in away)
        made.whole = made.whole and not any(_leads_away(here / n, folder) for n in folders)
        for name in sorted(names):
            path = here / name
            if not _is_data(path) and (path.is_file() or path.is_symlink()):
                yield path


def _is_data(path: Path) -> bool:
    """Whether it cannot lead to Python; data that are packed alone are still data."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if len(suffixes) > 1 and suffixes[-1] in _PACKED:
        del suffixes[-1]
    return path.name in _NO_CODE_NAMES or bool(suffixes and suffixes[-1] in _NO_CODE)


def _is_environment(folder: Path) -> bool:
    """Whether packages are installed there; a package of Python is none, whatever lies in it."""
    if not (folder / "pyvenv.cfg").exists() or (folder / "__init__.py").exists():
        return False
    return (folder / "bin").is_dir() or (folder / "Scripts").is_dir()


def _leads_away(path: Path, folder: Path) -> bool:
    """Whether a folder is a link to what is not read elsewhere."""
    if not path.is_symlink():
        return False
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return False  # nothing is there
    top = folder.resolve()
    return not real.is_relative_to(top) or bool(_AWAY & set(real.relative_to(top).parts))


def _sort(made: Files, name: str, suffix: str, data: bytes) -> None:
    """Put a file where it belongs.

    Raises:
        UnreadableFile: It is Python that does not parse.
    """
    if suffix == ".ipynb":
        code, made.texts[name] = code_of(data)
        made.code[name] = uses_of(tree_of(code))
    elif suffix in _PYTHON:
        made.code[name] = uses_of(tree_of(text_of(data)))
    elif data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        made.texts[name] = _plain(data.decode("utf-16", "replace"))
    elif b"\0" in data or data.startswith(b"BZh"):
        made.whole = False  # compiled or packed, whatever it is called
    else:
        text = data.decode("utf-8", "replace")
        uses = _script(text, suffix)
        if uses is not None:
            made.code[name] = uses
        elif suffix == ".pth" and re.search(r"^import\s", text, re.MULTILINE):
            made.whole = False  # that line is run
        else:
            made.texts[name] = _plain(text)


def _script(text: str, suffix: str) -> Uses | None:
    """A program without the ending of one.

    Raises:
        UnreadableFile: It says that it is one, and does not parse.
    """
    if _PYTHON_LINE.match(text):
        return uses_of(tree_of(text))
    if suffix:
        return None
    try:
        return uses_of(tree_of(text))
    except UnreadableFile:
        return None  # another language


def _plain(text: str) -> str:
    """A text with what JSON and YAML write of plain letters as numbers."""
    return _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), text)

"""Every text of a project that may be code, or may name code: not only what is called ``.py``.

A function is come to from a notebook, a script without an ending, a folder called ``build``, a logging configuration.
So nothing is left out by its name but what cannot lead to Python, and what was not read is said to be unread.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file
from buckler.scan.engines.packages.reach.naming import uses_of
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
        *(".shiv", ".pkl", ".pickle", ".joblib", ".dill"),
    )
)
"""Code, or what names code, that is not read."""
_NO_CODE: Final = frozenset(
    (
        *(".md", ".markdown", ".rst", ".adoc", ".csv", ".tsv", ".log", ".po", ".pot", ".sql"),
        *(".whl", ".css", ".scss", ".less", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx"),
        *(".map", ".vue", ".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".ico", ".avif"),
        *(".pdf", ".mp3", ".mp4", ".wav", ".ogg", ".webm", ".woff", ".woff2", ".ttf", ".otf"),
        *(".eot", ".db", ".sqlite", ".sqlite3", ".parquet", ".gz", ".bz2", ".xz", ".tgz"),
        *(".tar", ".7z", ".xlsx", ".docx", ".pptx", ".npy", ".npz", ".h5", ".onnx"),
        *(".safetensors", ".pem", ".crt", ".key"),
    )
)
"""Prose, data and what browsers run."""
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
        folders[:] = sorted(n for n in folders if n not in _AWAY and not _is_environment(here / n))
        made.whole = made.whole and not any(_leads_away(here / n, folder) for n in folders)
        for name in sorted(names):
            path = here / name
            if path.suffix.lower() not in _NO_CODE and (path.is_file() or path.is_symlink()):
                yield path


def _is_environment(folder: Path) -> bool:
    """Whether packages are installed there; a folder with code of its own is none, whatever lies in it."""
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
        made.code[name] = uses_of(tree_of(_cells(data)))
    elif suffix in _PYTHON:
        made.code[name] = uses_of(tree_of(text_of(data)))
    elif data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        made.texts[name] = _plain(data.decode("utf-16", "replace"))
    elif b"\0" not in data[:8192]:
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


def _cells(data: bytes) -> str:
    """The code of a notebook, without the lines that are for its shell.

    Raises:
        UnreadableFile: It is no notebook.
    """
    try:
        document: Any = json.loads(data)
        cells = [cell["source"] for cell in document["cells"] if cell["cell_type"] == "code"]
        text = "\n".join(cell if isinstance(cell, str) else "".join(cell) for cell in cells)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise UnreadableFile(f"it is no notebook: {error}") from error
    if re.search(r"^\s*%%", text, re.MULTILINE):
        raise UnreadableFile("it has cells in another language")
    return re.sub(r"^(\s*)[%!?].*$", r"\1pass", text, flags=re.MULTILINE)

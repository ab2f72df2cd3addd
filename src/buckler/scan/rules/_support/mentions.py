"""Whether a word stands anywhere in the project: what a fixer asks before it calls a change safe."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file
from buckler.scan.discover import SKIPPED_FOLDERS

MAX_BYTES = 1_000_000
MAX_FILES = 10_000
PYTHON = re.compile(r"\.pyi?$")
CODE = re.compile(
    r"\.(pyi?|toml|cfg|ini|ya?ml|sh|env|service|mk)$|(^|[./])(Dockerfile|Containerfile|Procfile|Makefile|justfile)\b",
    re.IGNORECASE,
)
TEMPLATES = re.compile(
    r"\.(html?|xhtml|xml|svg|txt|j2|jinja2?|tpl|tmpl)(\.(j2|jinja2?|tpl|tmpl))?$", re.IGNORECASE
)


def mentioned(
    folder: Path, wanted: re.Pattern[str], files: re.Pattern[str] = PYTHON, besides: str = ""
) -> bool:
    """Whether one of the project's files says it; also where not all of them can be read.

    Args:
        folder: Of the project.
        wanted: What is looked for, in the text of a file.
        files: What the path of a file ends with.
        besides: A file that is left out, relative to the folder, with ``/``.
    """
    for count, path in enumerate(_files(folder, files)):
        if besides and path == folder / besides:
            continue
        try:
            text = read_project_file(path, folder, MAX_BYTES).decode("utf-8", "replace")
        except FileNotFoundError:
            continue
        except UnreadableFile:
            return True
        if count >= MAX_FILES or wanted.search(text):
            return True
    return False


def _files(folder: Path, wanted: re.Pattern[str]) -> Iterator[Path]:
    for root, folders, names in os.walk(folder, followlinks=False):
        here = Path(root)
        folders[:] = [
            n
            for n in folders
            if n not in SKIPPED_FOLDERS and not (here / n / "pyvenv.cfg").exists()
        ]
        yield from (here / name for name in sorted(names) if wanted.search(name))

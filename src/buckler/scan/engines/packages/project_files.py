"""Shows a project's manifests, environment files and Dockerfiles to the rules that read them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from buckler.core.finding import Finding
from buckler.core.rule import Rule
from buckler.scan.discover import SKIPPED_FOLDERS, TEST_FOLDERS
from buckler.scan.engines.interface import ChecksProject, Project

MAX_FILES = 5000
MAX_BYTES = 5_000_000


def check_project(folder: Path, rules: Iterable[Rule]) -> Iterator[Finding]:
    """The findings of every rule that looks at a project's files."""
    project = Project(folder, tuple(_files(folder)))
    for rule in rules:
        if isinstance(rule, ChecksProject):
            yield from rule.check_project(project)


def _files(folder: Path) -> Iterator[str]:
    count = 0
    for root, folders, names in os.walk(folder, followlinks=False):
        here = Path(root)
        folders[:] = sorted(
            n
            for n in folders
            if n not in SKIPPED_FOLDERS | TEST_FOLDERS and not (here / n / "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            file = here / name
            if (
                name.endswith((".py", ".pyc"))
                or not stat.S_ISREG(file.lstat().st_mode)
                or file.lstat().st_size > MAX_BYTES
            ):
                continue
            count += 1
            if count > MAX_FILES:
                return
            yield file.relative_to(folder).as_posix()

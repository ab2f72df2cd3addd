"""Host names in a project's source: a check may let through what holds one of them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file
from buckler.scan.discover import python_files

MOST = 4
MAX_FILES = 400
MAX_BYTES = 500_000
_HOST = re.compile(
    rb"""["'](?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,})(?::\d+)?[/"']""", re.IGNORECASE
)
_FILES = re.compile(
    r"\.(?:py|db|txt|html|json|css|js|md|toml|ini|log|csv|png|jpg|env|sql|xml|yaml|yml|j2|zip)$"
)


def host_names(folder: Path) -> tuple[str, ...]:
    """The most frequent host names in texts of the source, most frequent first."""
    counted: Counter[str] = Counter()
    for number, file in enumerate(python_files(folder)):
        if number >= MAX_FILES:
            break
        try:
            data = read_project_file(file, folder, MAX_BYTES)
        except (OSError, UnreadableFile):
            continue  # the source engine reports what cannot be read
        for matched in _HOST.finditer(data):
            name = matched.group(1).decode("ascii").lower()
            if not _FILES.search(name):
                counted[name] += 1
    return tuple(name for name, _ in counted.most_common(MOST))

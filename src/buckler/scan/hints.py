"""What a project's source names: hosts, which a check may let through, and servers it wants."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
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


_SERVERS = {
    "postgresql": rb"\b(?:import|from)\s+(?:asyncpg|psycopg2?)\b|postgres(?:ql)?(?:\+\w+)?://|PostgresDsn",
    "mysql": rb"\b(?:import|from)\s+(?:pymysql|aiomysql|asyncmy|MySQLdb)\b|(?:mysql|mariadb)(?:\+\w+)?://",
    "redis": rb"\b(?:import|from)\s+(?:redis|valkey)\b|(?:redis|valkey)s?://",
    "mongodb": rb"\b(?:import|from)\s+(?:pymongo|motor)\b|mongodb(?:\+srv)?://",
}
"""What tells in source which servers an application wants, by kind."""


def server_kinds(folder: Path) -> tuple[str, ...]:
    """Kinds of servers that the source names; a guess, which the application's imports correct."""
    found: set[str] = set()
    for data in _sources(folder):
        found.update(kind for kind, pattern in _SERVERS.items() if re.search(pattern, data))
    return tuple(kind for kind in _SERVERS if kind in found)


def host_names(folder: Path) -> tuple[str, ...]:
    """The most frequent host names in texts of the source, most frequent first."""
    counted: Counter[str] = Counter()
    for data in _sources(folder):
        for matched in _HOST.finditer(data):
            name = matched.group(1).decode("ascii").lower()
            if not _FILES.search(name):
                counted[name] += 1
    return tuple(name for name, _ in counted.most_common(MOST))


def _sources(folder: Path) -> Iterator[bytes]:
    for file in itertools.islice(python_files(folder), MAX_FILES):
        try:
            yield read_project_file(file, folder, MAX_BYTES)
        except (OSError, UnreadableFile):
            continue  # the source engine reports what cannot be read

"""The signs of every kind of attack, one file for each family of interpreters."""

from __future__ import annotations

from typing import Final

from buckler.guard.inspection.sign import Sign
from buckler.guard.inspection.signs import (
    addresses,
    commands,
    directories,
    files,
    headers,
    markup,
    nosql,
    scanners,
    sql,
    templates,
)

SIGNS: Final[tuple[Sign, ...]] = (
    *sql.SIGNS,
    *nosql.SIGNS,
    *markup.SIGNS,
    *files.SIGNS,
    *commands.SIGNS,
    *templates.SIGNS,
    *headers.SIGNS,
    *directories.SIGNS,
    *addresses.SIGNS,
    *scanners.SIGNS,
)

"""Logs for tests, written by the sink itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from buckler.guard import AuditRecord, EventKind, FileSink, SecurityEvent

KEY = b"k" * 32


def records(*numbers: int) -> list[AuditRecord]:
    return [AuditRecord(SecurityEvent(kind=EventKind.FAILED, reason=str(n))) for n in numbers]


def write(path: Path, *numbers: int, sealed: bool = True, **options: Any) -> None:
    file = FileSink(path, **options)
    file.open()
    for number in numbers:
        file.write(records(number))
    if sealed:
        file.close()


def reasons(*paths: Path) -> list[str]:
    lines = [line for path in paths for line in path.read_text().splitlines()]
    return [json.loads(line).get("reason", "seal") for line in lines]

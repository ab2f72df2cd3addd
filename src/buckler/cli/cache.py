"""Keeps the last report of each folder outside of it, so that ``replay`` finds its proofs."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from buckler.core.errors import UsageError


def path_of(folder: Path) -> Path:
    """Where the last report of a folder is kept."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "buckler" / hashlib.sha256(str(folder).encode()).hexdigest()[:16] / "report.json"


def keep(folder: Path, report: str) -> None:
    """Write the report; readable by the user alone, since proofs hold requests."""
    path = path_of(folder)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(report)
    except OSError:
        return  # a read-only home costs replay without --report, nothing else


def read(folder: Path, report: Path | None) -> dict[str, Any]:
    """The named report, or the last one of a folder.

    Raises:
        UsageError: There is none, or it is no report of ours.
    """
    path = report or path_of(folder)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(
            "there is no report yet", hint="run `buckler scan` first, or give --report FILE.json"
        ) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is not a report: {error}") from error
    if not isinstance(data, dict) or not str(data.get("schema", "")).startswith("buckler-report/1"):
        raise UsageError(f"{path} is not a report of this version")
    return data

"""Writes OSV records and archives of them."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest


def record(id_: str, package: str = "shop-labels", **more: Any) -> dict[str, Any]:
    """A record about one package, fixed in 1.4.2 unless ``events`` or ``versions`` say otherwise."""
    events = more.pop("events", [{"introduced": "0"}, {"fixed": "1.4.2"}])
    affected: dict[str, Any] = {"package": {"ecosystem": "PyPI", "name": package}}
    if events is not None:
        affected["ranges"] = [{"type": "ECOSYSTEM", "events": events}]
    if "versions" in more:
        affected["versions"] = more.pop("versions")
    return {
        "id": id_,
        "modified": "2026-11-01T00:00:00Z",
        "published": "2026-10-01T00:00:00Z",
        "affected": [affected],
        **more,
    }


def archive(path: Path, *records: Any) -> Path:
    """A zip as OSV publishes it; texts go into it as they are."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        for number, item in enumerate(records):
            text = item if isinstance(item, (str, bytes)) else json.dumps(item)
            name = item["id"] if isinstance(item, dict) and "id" in item else str(number)
            stream.writestr(f"{name}.json", text)
    return path


def published() -> Path:
    """The archive of 2024-10-10, or a visible skip."""
    root = Path(os.environ.get("BUCKLER_DATA", Path(__file__).parents[4] / "shared" / "data"))
    path = root / "osv-pypi-2024-10-10.zip"
    if not path.is_file():
        pytest.skip(f"{path} is not there: set BUCKLER_DATA")
    return path

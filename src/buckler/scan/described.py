"""What a report says of the target and of the machine that it was scanned on."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from typing import Any

from buckler.scan.model.application import AppModel
from buckler.scan.target import Target


def describe(
    target: Target, model: AppModel | None, engines: Iterable[str], seed: int
) -> dict[str, Any]:
    """Names and versions, as far as they are known.

    Args:
        target: What was scanned.
        model: Of its application; None where it did not start.
        engines: Those that ran.
        seed: Of the scan.
    """
    return {
        "name": (model.title if model else "") or target.folder.name,
        "folder": target.folder.name,
        "applications": [a.label for a in target.applications],
        "main": model.main.path if model and model.main else "",
        "environment": target.environment,
        "python": model.python if model else "",
        "fastapi": model.versions.get("fastapi", "") if model else "",
        "platform": platform.platform(terse=True),
        "buckler_python": ".".join(map(str, sys.version_info[:3])),
        "engines": list(engines),
        "seed": seed,
    }

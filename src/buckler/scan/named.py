"""Checks that the operations which the settings name are there.

A misspelt ``exclude`` would attack what the user wanted left alone, and a misspelt ``public``
would excuse nothing; both are told before the first request is sent.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from buckler.core.errors import UsageError
from buckler.core.settings import Settings
from buckler.scan.model.application import AppModel


def strays(settings: Settings, models: Iterable[AppModel]) -> list[tuple[str, str]]:
    """Entries that match no operation: the setting's name and the entry.

    Args:
        settings: ``exclude`` holds ``METHOD /path``, ``public`` that or ``/path`` alone.
        models: Of all applications that are scanned.
    """
    operations = [operation for model in models for operation in model.operations]
    keys = {operation.key for operation in operations}
    paths = {operation.path for operation in operations}
    return [
        *(("exclude", entry) for entry in settings.exclude if entry not in keys),
        *(("public", entry) for entry in settings.public if entry not in keys | paths),
    ]


def check_named(settings: Settings, models: Iterable[AppModel]) -> None:
    """Refuse settings that name an operation which there is not.

    Raises:
        UsageError: It names the first such entry and the nearest operation.
    """
    models = tuple(models)
    for name, entry in strays(settings, models):
        keys = [operation.key for model in models for operation in model.operations]
        near = difflib.get_close_matches(entry, keys, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UsageError(
            f"{name}: there is no operation {entry!r}",
            hint=hint + "`buckler routes` lists them, as METHOD /path",
        )

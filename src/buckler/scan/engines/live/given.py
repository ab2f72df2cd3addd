"""Reads an OpenAPI document that the user has and the site does not serve."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from buckler.core.errors import UsageError
from buckler.scan.engines.live.openapi import is_document, too_deep

MAX_BYTES = 8_000_000
HOW = (
    'FastAPI writes it: python -c "import json, main; print(json.dumps(main.app.openapi()))" > FILE'
)


def read_document(path: Path) -> Mapping[str, Any]:
    """The document in a file.

    Args:
        path: Of a JSON file; any symbolic link is followed, since the user named it.

    Raises:
        UsageError: It is not there, no OpenAPI document, or too large; the message says which.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", hint=HOW) from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path} is larger than {MAX_BYTES // 1_000_000} MB")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no JSON", hint=HOW) from error
    if not is_document(document) or too_deep(document):
        raise UsageError(f"{path} is no OpenAPI document: no openapi and no paths", hint=HOW)
    found: Mapping[str, Any] = document
    return found

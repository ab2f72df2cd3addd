"""Writes the version of which nothing is known into a list of requirements (CWE-1395)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from packaging.utils import canonicalize_name

from buckler.scan.fix.draft import Draft

_PIN = re.compile(
    r"^\s*(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*==\s*(?P<version>[^\s;,#\\]+)\s*(?P<rest>[;#].*)?$"
)


def upgraded(draft: Draft, line: int, proof: Mapping[str, Any]) -> bool:
    """Change a pin that stands in a line by itself; one with hashes, or in a lock, is for the tool that wrote it.

    Args:
        draft: Of a file of requirements.
        line: 1-based.
        proof: Of the finding: ``package``, ``installed`` and ``upgrade``.

    Returns:
        Whether it was changed.
    """
    lines = draft.text.splitlines(keepends=True)
    if draft.path.endswith((".lock", ".toml", ".json")) or not 0 < line <= len(lines):
        return False
    found = _PIN.match(lines[line - 1].rstrip("\r\n"))
    if (
        found is None
        or not proof.get("upgrade")
        or canonicalize_name(found["name"]) != proof.get("package")
        or found["version"] != proof.get("installed")
    ):
        return False
    start = sum(map(len, lines[: line - 1]))
    draft.edit(start + found.start("version"), start + found.end("version"), str(proof["upgrade"]))
    return True

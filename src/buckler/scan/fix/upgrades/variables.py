"""Refuses lists that would have variables of the user's environment sent to an index.

pip and uv put the value of ``${NAME}`` in its place wherever a list of requirements has it, the address of an index
included; whoever wrote the list gets the value (CWE-200). Source: pip's documentation, "Using environment variables".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from buckler.core.errors import RepairError
from buckler.scan.engines.packages.inventory.files import Folder
from buckler.scan.engines.packages.inventory.model import Inventories
from buckler.scan.engines.packages.inventory.requirements import KIND, gather

_VARIABLE: Final = re.compile(r"\$\{[A-Za-z0-9_]+\}")


def check(folder: Path, found: Inventories) -> None:
    """Look through all lists that a project is installed from; see :func:`check_lists`."""
    check_lists(folder, [inventory.path for inventory in found if inventory.kind == KIND])


def check_lists(folder: Path, roots: Iterable[str]) -> None:
    """Look through lists, with what they include.

    Args:
        folder: Of the project.
        roots: Paths relative to it.

    Raises:
        RepairError: One names a variable.
    """
    files = Folder(folder)
    for path in sorted({part for root in roots for part in gather(root, files).paths}):
        for number, line in enumerate(files.text(path).splitlines(), 1):
            named = _VARIABLE.search(line)
            if named and not line.lstrip().startswith("#"):
                raise RepairError(
                    f"{path}:{number} asks for {named.group()} of your environment, which whoever answers there would get",
                    hint="run the tool yourself where that is meant",
                )

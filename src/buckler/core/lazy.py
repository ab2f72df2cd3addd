"""Names of a package that are imported when they are asked for, so that one part costs nothing of the others.

A package says each name twice: as an import for type checkers, which is never run, and in the table given here. The
imports are not read at run time instead: that takes the source, which a frozen application does not have.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy(
    package: str, places: Mapping[str, tuple[str, ...]]
) -> tuple[Callable[[str], Any], list[str]]:
    """What a package takes as its ``__getattr__`` (PEP 562) and its ``__all__``.

    Type checkers must not see either: to one that does, every misspelt name exists.

    Args:
        package: Its ``__name__``.
        places: The names in each module, whose path begins below the package; those below ``""`` are modules.

    Raises:
        AttributeError: By ``__getattr__``, for a name that is not in the table.
        ImportError: By ``__getattr__``, where a module needs what is not installed.
    """
    found = {name: place for place, names in places.items() for name in names}

    def get(name: str) -> Any:
        place = found.get(name)
        if place is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        if not place:
            return import_module(f"{package}.{name}")
        value = getattr(import_module(f"{package}.{place}"), name)
        # The next one who asks finds it without asking here.
        setattr(sys.modules[package], name, value)
        return value

    return get, sorted(found)

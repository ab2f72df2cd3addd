"""Which modules a project has itself: a name that it imports may be one of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from buckler.scan.engines.packages.reach.uses import Imported


class Own:
    """The modules of a project.

    Args:
        paths: Its files of Python, relative.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        modules = {_parts(path) for path in paths}
        modules |= {module[:count] for module in modules for count in range(1, len(module))}
        self._modules = modules
        self._ends = {module[at:] for module in modules for at in range(len(module))}
        self._words = {part for module in modules for part in module}
        # The folder may be within a package, whose name stands before all of them.
        self._within = () in modules

    def may_be(self, module: str) -> bool:
        """Whether a dotted name may lead to a module of the project."""
        return module.partition(".")[0] in self._words

    def is_module(self, path: str, one: Imported, attrs: tuple[str, ...]) -> bool:
        """Whether what a file imports, or an attribute of it, may be a module of the project.

        Args:
            path: Of the file.
            one: The import.
            attrs: What is read of it.
        """
        named = tuple(part for part in one.full.split(".") if part)
        if one.level:
            here = PurePosixPath(path).parent.parts
            cut = len(here) - one.level + 1
            return cut < 0 or (*here[:cut], *named, *attrs) in self._modules
        full = (*named, *attrs)
        if full in self._ends:
            return True
        return self._within and any(full[at:] in self._modules for at in range(1, len(full)))


def _parts(path: str) -> tuple[str, ...]:
    parts = PurePosixPath(path).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts

"""The files of a project as modules: where an import leads, whatever the folder that is on the path."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import PurePosixPath

from buckler.scan.engines.source.flow.values import Value

Parse = Callable[[str], tuple[ast.Module, list[str]] | None]


class SourceModule:
    """One file of the project.

    Attributes:
        path: Relative to the project, with ``/``.
        tree: Parsed when first asked for; None where it does not parse.
    """

    def __init__(self, path: str, parse: Parse) -> None:
        self.path = path
        self._parse = parse
        self._read: tuple[ast.Module, list[str]] | None = None
        self._asked = False
        self.starred: list[SourceModule] = []
        self.starred_externals: list[str] = []
        self.env: dict[str, Value] | None = None

    def _load(self) -> tuple[ast.Module, list[str]] | None:
        if not self._asked:
            self._asked = True
            self._read = self._parse(self.path)
        return self._read

    @property
    def tree(self) -> ast.Module | None:
        """The syntax tree, or None."""
        read = self._load()
        return read[0] if read else None

    def lines(self) -> list[str]:
        """Its text, line by line."""
        read = self._load()
        return read[1] if read else []

    def line(self, number: int) -> str:
        """The text of a 1-based line, stripped."""
        read = self._load()
        return read[1][number - 1].strip() if read and 0 < number <= len(read[1]) else ""

    @property
    def is_package(self) -> bool:
        """Whether it is the ``__init__`` of a package."""
        return self.path.endswith("__init__.py")

    @property
    def folder(self) -> str:
        """The folder that it stands in."""
        parent = PurePosixPath(self.path).parent.as_posix()
        return "" if parent == "." else parent


class Project:
    """Every Python file of a project.

    Args:
        paths: Relative to the folder.
        parse: Gives the tree and the lines of a file.
        roots: Further folders from which modules are imported, e.g. ``src``.
    """

    def __init__(self, paths: list[str], parse: Parse, roots: tuple[str, ...] = ("src",)) -> None:
        self.modules = {path: SourceModule(path, parse) for path in paths}
        self._roots = roots
        self._folders = {
            parent.as_posix()
            for path in paths
            for parent in PurePosixPath(path).parents
            if parent.as_posix() != "."
        }
        self._found: dict[tuple[str, str, int], SourceModule | None] = {}
        self._spaces: dict[str, SourceModule] = {}
        self._parse = parse

    def find(self, module: SourceModule, name: str, level: int) -> SourceModule | None:
        """The module that an import means, seen from another one; None where it is of a library."""
        key = (module.folder, name, level)
        if key not in self._found:
            self._found[key] = self._search(module.folder, name, level)
        return self._found[key]

    def _search(self, folder: str, name: str, level: int) -> SourceModule | None:
        inner = name.replace(".", "/")
        if level:
            base = PurePosixPath(folder or ".")
            for _ in range(level - 1):
                base = base.parent
            return self._at(base.as_posix(), inner)
        for base_name in self._bases(folder):
            found = self._at(base_name, inner)
            if found is not None:
                return found
        return None

    def _bases(self, folder: str) -> list[str]:
        """Where an absolute import may start: the folder, each one above it, and the roots."""
        path = PurePosixPath(folder) if folder else PurePosixPath(".")
        made = [path.as_posix(), *(p.as_posix() for p in path.parents)]
        for above in list(made):
            made += [root if above == "." else f"{above}/{root}" for root in self._roots]
        return list(dict.fromkeys(made))

    def _at(self, base: str, inner: str) -> SourceModule | None:
        stem = "/".join(p for p in ("" if base == "." else base, inner) if p)
        for path in (f"{stem}.py", f"{stem}/__init__.py") if inner else (f"{stem}/__init__.py",):
            found = self.modules.get(path)
            if found is not None:
                return found
        if stem in self._folders and inner:
            return self._space(stem)
        return None

    def _space(self, folder: str) -> SourceModule:
        """A folder without ``__init__`` (PEP 420): an empty module."""
        if folder not in self._spaces:
            space = SourceModule(f"{folder}/__init__.py", lambda path: (ast.Module([], []), []))
            self._spaces[folder] = space
        return self._spaces[folder]

    def below(self, module: SourceModule, name: str) -> SourceModule | None:
        """A module of a package by its name."""
        return self._at(module.folder or ".", name) if module.is_package else None

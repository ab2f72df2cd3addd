"""Finds and indexes other modules of the project: where an imported name is defined."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file
from buckler.scan.python.imports import Import
from buckler.scan.python.index import Function, Index
from buckler.scan.python.parsing import parse
from buckler.scan.python.reads import looked_at, looked_at_everything

MAX_BYTES = 400_000
MAX_FILES = 4000
Definition = tuple[Index, ast.expr | Function | ast.ClassDef]


def definition(index: Index, node: ast.AST, depth: int = 0) -> Definition | None:
    """Where a name leads: a function, a class, or the value it is set to, in whichever module.

    Args:
        index: The module in which the name stands.
        node: A name, or an attribute of an imported module.
        depth: Guards against modules that import each other.

    """
    if depth > 4:
        return None
    if isinstance(node, ast.Name):
        values = index.values(node)
        if values:
            return (index, values[-1]) if len(values) == 1 else None
        if index.parameter(node) is not None:
            return None
        return named(index, node.id, depth)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        known = index.imports.get(node.value.id)
        if known is not None and not index.values(node.value):
            module = imported(index, known)
            return named(module, node.attr, depth + 1) if module is not None else None
    return None


def named(index: Index, name: str, depth: int = 0) -> Definition | None:
    """What a name at the top of a module leads to."""
    values = index.bindings.get((index.tree, name))
    if values:
        return (index, values[-1]) if len(values) == 1 else None
    local = index.class_named(name) or index.function(name)
    if local is not None:
        return index, local
    known = index.imports.get(name)
    if known is None or known.name is None or depth > 4:
        return None
    module = imported(index, Import(known.module, None, known.level))
    return named(module, known.name, depth + 1) if module is not None else None


def forget() -> None:
    """Look at the file system anew: a project may have changed since it was scanned last."""
    for remembered in (_found, _sources, _load):
        remembered.cache_clear()


def imported(index: Index, known: Import) -> Index | None:
    """The module of the project that an import means, or None where it is no file of it."""
    if index.folder is None:
        return None
    file, tried = _found(index.path, index.folder, known)
    looked_at(tried)
    if file is None:
        return None
    try:
        return _load(file, index.folder, file.stat().st_mtime_ns)
    except OSError:
        return None


@lru_cache(maxsize=4096)
def _found(path: str, folder: Path, known: Import) -> tuple[Path | None, tuple[Path, ...]]:
    """The file of a module, seen from another one; and where it was looked for, that one included."""
    parts = [part for part in f"{known.module}.{known.name or ''}".split(".") if part]
    tried: list[Path] = []
    for base in _bases(path, folder, known.level):
        module = base.joinpath(*parts)
        for file in (module.parent / f"{module.name}.py", module / "__init__.py"):
            if file != folder / path:
                tried.append(file)
                if file.is_file():
                    return file, tuple(tried)
    return None, tuple(tried)


def _bases(path: str, folder: Path, level: int) -> Iterator[Path]:
    here = (folder / path).parent
    if level:
        yield here.parents[level - 2] if level > 1 else here
        return
    yield here
    for parent in here.parents:
        if parent == folder or folder in parent.parents:
            yield parent
    yield folder / "src"


def others(index: Index, word: str) -> Iterator[Index]:
    """The other modules of the project in which a word stands."""
    folder = index.folder
    if folder is None:
        return
    looked_at_everything()
    for file in _sources(folder):
        if file == folder / index.path:
            continue
        try:
            found = word.encode() in read_project_file(file, folder, MAX_BYTES)
            other = _load(file, folder, file.stat().st_mtime_ns) if found else None
        except (OSError, UnreadableFile):
            continue
        if other is not None:
            yield other


@lru_cache(maxsize=4)
def _sources(folder: Path) -> tuple[Path, ...]:
    """The Python files of the project, environments and hidden folders left out."""
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in ("node_modules", "__pycache__", "site-packages")
            and not Path(root, name, "pyvenv.cfg").exists()
        )
        found += [Path(root, name) for name in sorted(names) if name.endswith(".py")]
    return tuple(found[:MAX_FILES])


@lru_cache(maxsize=64)
def _load(file: Path, folder: Path, stamp: int) -> Index | None:
    tree = parse(file, folder, MAX_BYTES)
    return None if tree is None else Index(file.relative_to(folder).as_posix(), tree, folder)


def made_by(index: Index, node: ast.expr) -> tuple[Index, ast.Call] | None:
    """The call that made a value, here or where it was imported from."""
    if isinstance(node, ast.Call):
        return index, node
    found = definition(index, node)
    if found is None:
        values = index.values(node)
        found = (index, values[-1]) if values else None
    if found is None or not isinstance(found[1], ast.Call):
        return None
    return found[0], found[1]

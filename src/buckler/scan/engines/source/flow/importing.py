"""Imports: modules of the project are run, those of libraries are known by name."""

from __future__ import annotations

import ast

from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.libraries.names import canonical
from buckler.scan.engines.source.flow.objects import External, ModuleObject
from buckler.scan.engines.source.flow.values import Value, obj


def run_import(frame: Frame, node: ast.Import) -> None:
    """``import a.b`` and ``import a.b as c``."""
    for alias in node.names:
        module = frame.run.project.find(frame.module, alias.name, 0)
        if alias.asname:
            frame.bind(alias.asname, _module(module) if module else _external(alias.name))
            continue
        top = alias.name.partition(".")[0]
        root = frame.run.project.find(frame.module, top, 0)
        frame.bind(top, _module(root) if root else _external(top))


def run_import_from(frame: Frame, node: ast.ImportFrom) -> None:
    """``from a import b``: a name of the module, or a module below it."""
    origin = node.module or ""
    module = frame.run.project.find(frame.module, origin, node.level)
    for alias in node.names:
        if alias.name == "*":
            if module is not None:
                frame.module.starred.append(module)
            else:
                frame.module.starred_externals.append(origin)
            continue
        name = alias.asname or alias.name
        if module is not None:
            frame.bind(name, frame.run.module_attribute(module, alias.name))
            continue
        below = frame.run.project.find(
            frame.module, f"{origin}.{alias.name}".strip("."), node.level
        )
        if below is not None:
            frame.bind(name, _module(below))
        elif node.level == 0:
            frame.bind(name, _external(f"{origin}.{alias.name}"))


def _module(module: object) -> Value:
    return obj(ModuleObject(module))  # type: ignore[arg-type]


def _external(name: str) -> Value:
    return obj(External(canonical(name)))

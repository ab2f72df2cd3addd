"""Imports: modules of the project are run, those of libraries are known by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.libraries.names import canonical
from buckler.scan.engines.source.flow.objects import External, ModuleObject
from buckler.scan.engines.source.flow.values import Value, obj

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.project import Project, SourceModule


def _for_its_effect(frame: Frame, name: str, node: ast.AST) -> bool:
    """Whether a name is imported and never used, so that the module is imported for what it does: it registers."""
    if not frame.is_module:
        return False
    word = re.compile(rf"\b{re.escape(name)}\b")
    lines = enumerate(frame.module.lines(), 1)
    own = range(getattr(node, "lineno", 0), (getattr(node, "end_lineno", 0) or 0) + 1)
    return not any(word.search(line) for number, line in lines if number not in own)


def run_import(frame: Frame, node: ast.Import) -> None:
    """``import a.b`` and ``import a.b as c``."""
    for alias in node.names:
        module = frame.run.project.find(frame.module, alias.name, 0)
        top = alias.name.partition(".")[0]
        if module is not None and _for_its_effect(frame, alias.asname or top, node):
            frame.run.module_env(module)
        if alias.asname:
            frame.bind(alias.asname, _module(module) if module else _external(alias.name))
            continue
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
            if _for_its_effect(frame, name, node):
                frame.run.module_env(below)
            frame.bind(name, _module(below))
        elif node.level == 0:
            frame.bind(name, _external(f"{origin}.{alias.name}"))


def imported_first(project: Project, module: SourceModule) -> list[SourceModule]:
    """The modules that a module imports at its top and that were not run yet, each after those that it imports itself."""
    made: list[SourceModule] = []
    seen = {module.path}
    waiting = [(module, _imports(project, module))]
    while waiting:
        one, others = waiting[-1]
        other = next((o for o in others if o.env is None and o.path not in seen), None)
        if other is not None:
            seen.add(other.path)
            waiting.append((other, _imports(project, other)))
            continue
        waiting.pop()
        if waiting:
            made.append(one)
    return made


def _imports(project: Project, module: SourceModule) -> Iterator[SourceModule]:
    for node in module.tree.body if module.tree is not None else ():
        if isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module or ''}.{a.name}" for a in node.names)]
            found = [project.find(module, name.strip("."), node.level) for name in names]
        elif isinstance(node, ast.Import):
            found = [project.find(module, alias.name, 0) for alias in node.names]
        else:
            continue
        yield from (f for f in found if f is not None)


def _module(module: object) -> Value:
    return obj(ModuleObject(module))  # type: ignore[arg-type]


def _external(name: str) -> Value:
    known = canonical(name)
    return obj(External(known) if known == name else External(known, origin=name))

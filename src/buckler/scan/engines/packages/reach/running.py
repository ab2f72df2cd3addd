"""Runs a project abstractly to see by which calls requests come to what has a weakness.

The run is that of the source engine; nothing of the project is executed. It costs what the source engine costs, so it
is asked for only where a weakness is known, and what it gave is kept as long as no file has changed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from buckler.core.errors import UnreadableFile
from buckler.scan.engines.packages.reach.level import Level, Reach
from buckler.scan.engines.packages.reach.watching import PACKAGE, Watching
from buckler.scan.engines.source.flow.callgraph import CallGraph, Node, Noted
from buckler.scan.engines.source.flow.engine import FlowEngine
from buckler.scan.languages.jinja import template_named
from buckler.scan.python.index import forget_index
from buckler.scan.python.parsing import content_of, text_of, tree_of

REQUESTS = ("route", "request")
MOST_STEPS = 40


@dataclass(frozen=True, slots=True)
class Calls:
    """What a run has shown.

    Attributes:
        ways: By the key of a symbol or a package, the furthest way to a call of it.
        safe: Places of calls that never did harm with what they were given: (file, line); none where not each of the
            values was tried that they may be given.
        cut: What was not followed to its end, or not read.
    """

    ways: Mapping[str, Reach] = field(default_factory=dict)
    safe: frozenset[tuple[str, int]] = frozenset()
    cut: tuple[str, ...] = ()

    def entered(self, package: str) -> Reach | None:
        """The way of a request to a call of a package; None where none was seen."""
        way = self.ways.get(PACKAGE + package)
        return way if way is not None and way.level is Level.ENTERED else None

    def as_dict(self) -> dict[str, Any]:
        """JSON values; :func:`from_dict` reads them."""
        return {
            "ways": {
                key: [way.level.value, [list(step) for step in way.steps], way.operation]
                for key, way in self.ways.items()
            },
            "safe": sorted([path, line] for path, line in self.safe),
            "cut": list(self.cut),
        }


def from_dict(data: Any) -> Calls | None:
    """What :meth:`Calls.as_dict` gave; None where it is something else."""
    try:
        ways = {
            str(key): Reach(
                Level(level),
                tuple((str(path), int(line), str(text)) for path, line, text in steps),
                operation=str(operation),
            )
            for key, (level, steps, operation) in data["ways"].items()
        }
        safe = frozenset((str(path), int(line)) for path, line in data["safe"])
        return Calls(ways, safe, tuple(str(name) for name in data["cut"]))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def run(folder: Path, paths: list[str], watching: Watching, further: Iterable[str]) -> Calls:
    """Run a project.

    Args:
        folder: Of the project.
        paths: Its files, relative to the folder.
        watching: What matters.
        further: Files of which also the functions are run that nothing was seen to call.
    """
    cut: dict[str, None] = {}
    parse = _parser(folder, cut)
    graph = CallGraph(watching, further)
    flow = FlowEngine(paths, parse, (), lambda name: template_named(folder, name), folder, graph)
    for path in paths:
        try:
            flow.look(path, text_of(content_of(folder / path, folder)))
        except UnreadableFile:
            cut[path] = None
    forget_index()
    for _ in flow.run():
        continue  # no rule was given, so nothing is found
    cut.update(dict.fromkeys((*flow.cut_short, *flow.broken)))
    if graph.cut:
        cut["some calls"] = None
    return Calls(dict(_ways(graph, parse)), _safe(graph), tuple(cut))


Parse = Callable[[str], tuple[ast.Module, list[str]] | None]


def _parser(folder: Path, cut: dict[str, None]) -> Parse:
    read: dict[str, tuple[ast.Module, list[str]]] = {}

    def parse(path: str) -> tuple[ast.Module, list[str]] | None:
        if path not in read:
            try:
                text = text_of(content_of(folder / path, folder))
                read[path] = tree_of(text), text.splitlines()
            except UnreadableFile:
                cut[path] = None
                return None
        return read[path]

    return parse


def _ways(graph: CallGraph, parse: Parse) -> Iterator[tuple[str, Reach]]:
    by_key: dict[str, list[Noted]] = {}
    for noted in graph.calls:
        for key in noted.keys:
            by_key.setdefault(key, []).append(noted)
    for key, calls in by_key.items():
        found = {node.kind: (node, steps, noted) for node, steps, noted in graph.ways(calls)}
        kind = next((k for k in (*REQUESTS, "startup", "code", "module") if k in found), "")
        if not kind:
            continue
        serves = key.startswith("serves:")
        level = Level.ROUTE if kind in REQUESTS or serves else Level.CALLED
        if key.startswith(PACKAGE):
            level = Level.ENTERED if kind in REQUESTS else Level.IMPORTED
        node, steps, noted = found[kind]
        yield key, _reach(level, node, steps, noted, serves=serves and kind not in REQUESTS)


def _reach(
    level: Level, node: Node, steps: list[tuple[str, int, str]], noted: Noted, *, serves: bool
) -> Reach:
    begins = {
        "route": node.label,
        "request": f"every request: {node.label}()",
        "startup": f"start-up: {node.label}()",
        "code": f"{node.label}()",
        "module": f"import of {node.path}",
    }[node.kind]
    way = [(node.path, node.line, begins)]
    way += [(path, line, f"{name}()") for path, line, name in steps]
    last = f"{noted.name}, which answers requests" if serves else noted.name
    way.append((noted.path, noted.line, last))
    if len(way) > MOST_STEPS:
        way = [*way[: MOST_STEPS - 1], way[-1]]
    return Reach(level, tuple(way), operation=node.label if node.kind == "route" else "")


def _safe(graph: CallGraph) -> frozenset[tuple[str, int]]:
    seen: set[tuple[str, int]] = set()
    harmful: set[tuple[str, int]] = set()
    for noted in graph.calls:
        seen.add((noted.path, noted.line))
        if any(not key.startswith(PACKAGE) for key in noted.keys):
            harmful.add((noted.path, noted.line))
    return frozenset() if graph.blurred else frozenset(seen - harmful)

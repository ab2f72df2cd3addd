"""Reads what a ``pyproject.toml`` asks for: PEP 621, dependency groups, and what Poetry, PDM, uv and Hatch add.

A manifest says what the project wants, a lock what it gets; where there is no lock, this is all that
is known. Source: PEP 621, PEP 735, PEP 508, the tools' own documentation.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from buckler.scan.engines.packages.inventory.declared import Declared, Manifest
from buckler.scan.engines.packages.inventory.entries import name_of, rows, table, text_of
from buckler.scan.engines.packages.inventory.model import MAIN, Problem
from buckler.scan.engines.packages.inventory.poetry_table import poetry
from buckler.scan.engines.packages.inventory.requirement_line import Line, entry
from buckler.scan.engines.packages.inventory.tables import error_of
from buckler.scan.engines.packages.inventory.text_lines import Lines

KIND: Final = "pyproject"
BUILD: Final = "build"
"""The group of what is installed to build the project, and nowhere else."""
MAX_GROUPS: Final = 200
MAX_DECLARED: Final = 50_000
"""Requirements of one manifest, those of included groups counted each time."""
MAX_CHARACTERS: Final = 2_000_000


def read(path: str, text: str) -> Manifest:
    """What a ``pyproject.toml`` asks for.

    Args:
        path: Of the file, relative to the scanned folder.
        text: All of it.
    """
    if len(text) > MAX_CHARACTERS:
        what = f"it has more than {MAX_CHARACTERS} characters and was not read"
        return Manifest(path, KIND, problems=(Problem(path, 0, what, "write a manifest"),))
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        return Manifest(path, KIND, problems=(error_of(path, text, error),))
    reader = _Reader(path, text, document)
    declared = tuple(islice(reader.declared(), MAX_DECLARED + 1))
    if len(declared) > MAX_DECLARED:
        what = f"it has more than {MAX_DECLARED} requirements; those beyond were not read"
        reader.problems.append(Problem(path, 0, what, "include fewer groups in one another"))
    project = table(document.get("project"))
    python = text_of(project.get("requires-python"))
    name = name_of(project.get("name"))
    return Manifest(path, KIND, declared, tuple(reader.problems), python, name)


class _Reader:
    """Goes through the tables in which requirements stand."""

    def __init__(self, path: str, text: str, document: Mapping[str, Any]) -> None:
        self._path = path
        self._lines = Lines(text)
        self._document = document
        self._tool = table(document.get("tool"))
        self._sources = table(table(self._tool.get("uv")).get("sources"))
        self.problems: list[Problem] = []

    def declared(self) -> Iterator[Declared]:
        """Every requirement, in the order of the standards."""
        project = table(self._document.get("project"))
        yield from self._listed(project.get("dependencies"), MAIN)
        for extra, listed in table(project.get("optional-dependencies")).items():
            yield from self._listed(listed, f"extra:{extra}")
        yield from self._groups(table(self._document.get("dependency-groups")))
        yield from self._listed(table(self._tool.get("uv")).get("dev-dependencies"), "dev")
        for group, listed in table(table(self._tool.get("pdm")).get("dev-dependencies")).items():
            yield from self._listed(listed, group)
        for name, values in table(table(self._tool.get("hatch")).get("envs")).items():
            for key in ("dependencies", "extra-dependencies"):
                yield from self._listed(table(values).get(key), name)
        yield from poetry(self._path, table(self._tool.get("poetry")), self._lines)
        build = table(self._document.get("build-system"))
        yield from self._listed(build.get("requires"), BUILD)

    def _listed(self, listed: object, group: str) -> Iterator[Declared]:
        for text in rows(listed, str):
            made = self._one(text, group, self._lines.of(text))
            if made is not None:
                yield made

    def _one(self, text: str, group: str, line: int) -> Declared | None:
        made = entry(self._path, Line(line, text))
        if isinstance(made, Problem):
            self.problems.append(made)
            return None
        if made is None or not made.name:
            what = f"{text[:80]} is no requirement"
            self.problems.append(Problem(self._path, line, what, "write it as PEP 508 has it"))
            return None
        source = self._source(made.name) if made.source == "index" else made.source
        return Declared(
            made.name,
            self._path,
            line,
            group,
            made.specifier,
            made.version,
            made.marker,
            made.extras,
            source,
            made.hashes,
            made.pinned,
        )

    def _source(self, name: str) -> str:
        """Where uv takes a package from."""
        found = self._sources.get(name)
        for one in found if isinstance(found, list) else [found]:
            values = table(one)
            if values.get("editable") is True:
                return "editable"
            if values.get("workspace") is True:
                return "path"
            for kind in ("git", "url", "path"):
                if kind in values:
                    return kind
        return "index"

    def _groups(self, groups: Mapping[str, Any]) -> Iterator[Declared]:
        """Dependency groups, with those that they include (PEP 735)."""
        if len(groups) > MAX_GROUPS:
            what = f"there are more than {MAX_GROUPS} dependency groups; those beyond were not read"
            self.problems.append(Problem(self._path, 0, what, "put them together"))
        known = {name_of(name): listed for name, listed in list(groups.items())[:MAX_GROUPS]}
        lines: dict[str, list[tuple[str, int]]] = {
            name: [(text, self._lines.of(text)) for text in rows(listed, str)]
            for name, listed in known.items()
        }
        for name in known:
            for part in self._parts(name, known):
                for text, line in lines[part]:
                    made = self._one(text, name, line)
                    if made is not None:
                        yield made

    def _parts(self, name: str, known: Mapping[str, Any]) -> list[str]:
        """A group and those that it includes, each once."""
        found = [name]
        for part in found:
            for item in rows(known.get(part), dict):
                other = name_of(item.get("include-group"))
                if other not in known:
                    what = f"the dependency group {part} includes {other or 'a group'}, which does not exist"
                    line = self._lines.of(text_of(item.get("include-group")))
                    self._tell(Problem(self._path, line, what, "write the group, or leave it out"))
                elif other == name:
                    what = f"the dependency group {name} includes itself"
                    line = self._lines.of(text_of(item.get("include-group")))
                    self._tell(Problem(self._path, line, what, "leave the include-group out"))
                elif other not in found:
                    found.append(other)
        return found

    def _tell(self, problem: Problem) -> None:
        if problem not in self.problems:
            self.problems.append(problem)

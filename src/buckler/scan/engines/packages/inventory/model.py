"""What is known of a project's packages, whichever file says it.

A version that is in a lock but not in the inventory is a hole that nobody hears of (CWE-1395), so
readers leave nothing out in silence: what they cannot read is a :class:`Problem`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

MAIN: Final = "main"
"""The group of what production installs."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one package asks of another one.

    Attributes:
        name: Of the other one, normalised.
        specifier: Which versions will do (PEP 440); never empty.
        marker: Where it asks (PEP 508); empty for everywhere.
    """

    name: str
    specifier: str
    marker: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """One package in one version, as one file has it.

    Attributes:
        name: Normalised (PEP 503): ``python-jose``.
        version: As written; empty where the file leaves it open.
        path: The file, relative to the scanned folder, with ``/``.
        line: 1-based line of ``path`` where it stands.
        direct: Whether the project itself asks for it.
        groups: Who wants it: ``main``, the name of a dependency group, ``extra:NAME``; sorted.
        specifier: What the project asks for, where it asks: ``>=2,<3``.
        marker: Where it is installed (PEP 508); empty for everywhere.
        source: ``index``, ``git``, ``url``, ``path`` or ``editable``.
        hashes: ``sha256:…`` of each file that may be installed.
        requires: Normalised names of what it brings.
        yanked: Why its publisher took it back; ``yanked`` where nobody said.
        asks: Which versions of others it takes, as far as the file says; of wanted extras, too.
        python: Which interpreters it runs on, as its own metadata say it: ``>=3.10``.
    """

    name: str
    version: str
    path: str
    line: int
    direct: bool = False
    groups: tuple[str, ...] = (MAIN,)
    specifier: str = ""
    marker: str = ""
    source: str = "index"
    hashes: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    yanked: str = ""
    asks: tuple[Asked, ...] = ()
    python: str = ""

    @property
    def in_production(self) -> bool:
        """Whether it is installed where the application runs, extras included."""
        return any(group == MAIN or group.startswith("extra:") for group in self.groups)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read.

    Attributes:
        path: The file, relative to the scanned folder.
        line: 1-based; 0 where it is the whole file.
        what: One sentence: what is wrong.
        hint: What to do.
    """

    path: str
    line: int
    what: str
    hint: str = ""


@dataclass(frozen=True)
class Inventory:
    """What one file, environment or folder of wheels says.

    Attributes:
        path: The file or folder, relative to the scanned one.
        kind: ``uv.lock``, ``poetry.lock``, ``pdm.lock``, ``Pipfile.lock``, ``pylock.toml``,
            ``requirements``, ``pyproject``, ``Pipfile``, ``script``, ``environment`` or ``wheels``.
        packages: In the order of the file.
        problems: What could not be read.
        resolved: Whether it states all that is installed, and not only what is asked for.
        python: What it says of the interpreter: ``>=3.11``; of an environment its version.
    """

    path: str
    kind: str
    packages: tuple[Package, ...] = ()
    problems: tuple[Problem, ...] = ()
    resolved: bool = True
    python: str = ""

    @cached_property
    def by_name(self) -> Mapping[str, tuple[Package, ...]]:
        """Its packages by name; a lock may hold one name in several versions."""
        found: dict[str, list[Package]] = {}
        for package in self.packages:
            found.setdefault(package.name, []).append(package)
        return {name: tuple(items) for name, items in found.items()}

    def way_to(self, name: str) -> tuple[str, ...]:
        """The shortest way by which the project comes to a package, both ends included; empty where none is known."""
        way: list[str] = []
        at = name if name in self._brought_by else ""
        while at:
            way.append(at)
            at = self._brought_by[at]
        return tuple(reversed(way))

    @cached_property
    def _brought_by(self) -> Mapping[str, str]:
        """Who brings each package first; nobody for those that the project asks for."""
        found = {package.name: "" for package in self.packages if package.direct}
        waiting = deque(found)
        while waiting:
            name = waiting.popleft()
            for package in self.by_name.get(name, ()):
                for brought in package.requires:
                    if brought not in found:
                        found[brought] = name
                        waiting.append(brought)
        return found


@dataclass(frozen=True, slots=True)
class Inventories:
    """All that was read of a project.

    Attributes:
        items: One for each file, environment or folder; what another one includes is part of that one.
        unread: What is wrong with the project's folder itself.
    """

    items: tuple[Inventory, ...] = field(default=())
    unread: tuple[Problem, ...] = field(default=())

    def __iter__(self) -> Iterator[Inventory]:
        return iter(self.items)

    @property
    def packages(self) -> Iterator[tuple[Inventory, Package]]:
        """Each package with where it was read."""
        for inventory in self.items:
            for package in inventory.packages:
                yield inventory, package

    @property
    def problems(self) -> Iterator[Problem]:
        """What could not be read."""
        for inventory in self.items:
            yield from inventory.problems
        yield from self.unread

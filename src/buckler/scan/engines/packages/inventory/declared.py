"""What a project asks for by itself, whichever manifest says it.

The difference between what is asked for and what comes along decides what can be changed by hand, and
who has to change it (ASVS 5.0 V15.1.2).
"""

from __future__ import annotations

from dataclasses import dataclass

from buckler.scan.engines.packages.inventory.model import MAIN, Inventory, Package, Problem


@dataclass(frozen=True, slots=True)
class Declared:
    """One requirement of a project.

    Attributes:
        group: As in :class:`Package`: ``main``, ``extra:NAME`` or the name of a group.
        version: The one version that is asked for; empty where it is open.
        pinned: It has exactly one version, or a commit, or a hash.
    """

    name: str
    path: str
    line: int
    group: str = MAIN
    specifier: str = ""
    version: str = ""
    marker: str = ""
    extras: tuple[str, ...] = ()
    source: str = "index"
    hashes: tuple[str, ...] = ()
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest: what it asks for, and of which interpreter.

    Attributes:
        kind: ``pyproject``, ``script``, ``requirements`` or ``Pipfile``.
        name: Of the project, normalised; empty where it has none.
    """

    path: str
    kind: str
    declared: tuple[Declared, ...] = ()
    problems: tuple[Problem, ...] = ()
    python: str = ""
    name: str = ""

    @property
    def inventory(self) -> Inventory:
        """What it says for itself, where no lock stands beside it."""
        listed: dict[tuple[str, int, str], list[Declared]] = {}
        for one in self.declared:
            listed.setdefault((one.name, one.line, one.specifier + one.marker), []).append(one)
        packages = tuple(
            Package(
                one.name,
                one.version,
                one.path,
                one.line,
                direct=True,
                groups=tuple(sorted({o.group for o in same})),
                specifier=one.specifier,
                marker=one.marker,
                source=one.source,
                hashes=one.hashes,
            )
            for same in listed.values()
            for one in same[:1]
        )
        return Inventory(
            self.path, self.kind, packages, self.problems, resolved=False, python=self.python
        )


NOTHING = Manifest("", "")
"""Where there is no manifest."""

"""All that the documents are written from: components, which brings which, and what is said of their weaknesses.

What is delivered is known by its bill of materials (NTIA minimum elements, ASVS 5.0 V15.1.2); a component that it leaves
out is one that nobody looks for when the next advisory comes (CWE-1395).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name

from buckler.core import toml
from buckler.core.errors import UnreadableFile, UsageError
from buckler.core.files import read_project_file
from buckler.core.settings import MAX_BYTES
from buckler.scan.engines.packages.documents import purl
from buckler.scan.engines.packages.documents.licences import licences_of
from buckler.scan.engines.packages.documents.state import State, shown
from buckler.scan.engines.packages.inventory.model import Inventories, Inventory, Package
from buckler.scan.engines.packages.matching import Pin, Weakness
from buckler.scan.engines.packages.seen import PackageSeen

MOST_VERSIONS: Final = 50
"""Of one name in one file that a dependency is followed to, so that time stays linear."""
Judge = Callable[[PackageSeen, Weakness], State]


@dataclass(frozen=True, slots=True)
class Application:
    """What is scanned.

    Attributes:
        name: As its metadata have it, normalised; the folder's where they have none.
        version: Empty where nobody says.
        stated: Whether its own metadata give the name.
    """

    name: str
    version: str = ""
    stated: bool = False

    @property
    def purl(self) -> str:
        """Its package URL; not one of the package index, which may have another project of that name."""
        return purl.written(self.name, self.version, purl.GENERIC)


@dataclass(frozen=True, slots=True)
class Component:
    """One version of a package.

    Attributes:
        name: Normalised.
        version: Empty where no file says it.
        groups: Who wants it, as :class:`~buckler.scan.engines.packages.inventory.model.Package` has it.
        hashes: ``sha256:…`` of each file that may be installed.
        requires: Package URLs of what it brings.
        told: Whether a file that has it says what packages bring, so that nothing there is nothing.
        direct: Whether the project itself asks for it.
        source: ``index``, ``git``, ``url``, ``path`` or ``editable``.
        licence: SPDX expression, where it is known.
        paths: Files that have it.
    """

    name: str
    version: str
    groups: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    told: bool = False
    direct: bool = False
    source: str = "index"
    licence: str = ""
    paths: tuple[str, ...] = ()

    @property
    def purl(self) -> str:
        """Its package URL."""
        return purl.written(self.name, self.version)

    @property
    def in_production(self) -> bool:
        """Whether it is installed where the application runs, extras included."""
        return any(group == "main" or group.startswith("extra:") for group in self.groups)


@dataclass(frozen=True, slots=True)
class Judged:
    """One weakness of one version, with what is said of it.

    Attributes:
        seen: The version.
        weakness: What is known against it.
        state: How the application and it stand to each other.
    """

    seen: PackageSeen
    weakness: Weakness
    state: State

    @property
    def purl(self) -> str:
        """Package URL of the version."""
        return purl.written(self.seen.package.name, self.seen.package.version)


@dataclass(frozen=True, slots=True)
class Bill:
    """Everything that a document can tell.

    Attributes:
        application: The root.
        made: When it was looked at.
        components: By name and version.
        judged: By package, version and weakness.
    """

    application: Application
    made: datetime
    components: tuple[Component, ...]
    judged: tuple[Judged, ...]

    @property
    def wanted(self) -> tuple[str, ...]:
        """Package URLs of what the project itself asks for."""
        return tuple(component.purl for component in self.components if component.direct)


def bill_of(
    folder: Path,
    inventories: Inventories,
    seen: Iterable[PackageSeen],
    *,
    made: datetime,
    judge: Judge = shown,
) -> Bill:
    """What a scan of packages found, as documents tell it.

    Args:
        folder: The project.
        inventories: What was read (``PackagesEngine.inventories``).
        seen: What is known of it (``PackagesEngine.seen``).
        made: When the scan began; ``SOURCE_DATE_EPOCH`` takes its place where it is set.
        judge: What is said of a weakness: ``Answers.state`` where somebody answered.

    Raises:
        UsageError: ``SOURCE_DATE_EPOCH`` is no number of seconds.
    """
    application = application_of(folder)
    # Two sources that are read apart may each call one weakness by the same name.
    by_name = {
        (one.package.name, one.package.version, weakness.name): (one, weakness)
        for one in seen
        for weakness in reversed(one.weaknesses)
    }
    judged = [Judged(*by_name[key], judge(*by_name[key])) for key in sorted(by_name)]
    hit = {(name, version) for name, version, _ in by_name}
    return Bill(
        application=application,
        made=_moment(made),
        components=tuple(
            _components(inventories, application, hit, licences_of(folder, inventories))
        ),
        judged=tuple(judged),
    )


def application_of(folder: Path) -> Application:
    """The application by its own metadata: ``[project]`` (PEP 621), else Poetry's."""
    path = folder / "pyproject.toml"
    try:
        document = toml.loads(read_project_file(path, folder, MAX_BYTES).decode("utf-8"))
    except (FileNotFoundError, UnreadableFile, ValueError, RecursionError):
        document = {}  # that it cannot be read is told by the inventory
    for table in (_table(document, "project"), _table(_table(document, "tool"), "poetry")):
        name, version = table.get("name"), table.get("version")
        if isinstance(name, str) and name.strip():
            said = version if isinstance(version, str) else ""
            return Application(canonicalize_name(name.strip()), said, stated=True)
    return Application(canonicalize_name(folder.resolve().name) or "application")


def _table(of: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = of.get(key)
    return value if isinstance(value, dict) else {}


def _moment(made: datetime) -> datetime:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return made.astimezone(UTC).replace(microsecond=0)
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(
            f"SOURCE_DATE_EPOCH is {epoch[:40]!r}, which is no time",
            hint="set it to seconds since 1970, or leave it out",
        ) from error


def _components(
    inventories: Inventories,
    application: Application,
    hit: Container[Pin],
    licences: Mapping[Pin, str],
) -> list[Component]:
    with_version = {package.name for _, package in inventories.packages if package.version}
    places: dict[Pin, list[tuple[Inventory, Package]]] = {}
    for inventory, package in inventories.packages:
        pin = package.name, package.version
        itself = package.name == application.name and package.source in ("editable", "path")
        if (package.version or package.name not in with_version) and (not itself or pin in hit):
            places.setdefault(pin, []).append((inventory, package))
    known = partial(_brought, known=places.keys())
    telling = {i.path for i in inventories if any(p.requires for p in i.packages)}
    return [
        _component(pin, places[pin], known, telling, licences.get(pin, ""))
        for pin in sorted(places)
    ]


def _component(
    pin: Pin,
    where: Sequence[tuple[Inventory, Package]],
    brought: Callable[[Inventory, str], Iterable[str]],
    telling: Container[str],
    licence: str,
) -> Component:
    packages = [package for _, package in where]
    requires = {
        ref
        for inventory, package in where
        for name in package.requires
        for ref in brought(inventory, name)
    }
    return Component(
        name=pin[0],
        version=pin[1],
        groups=tuple(sorted({group for package in packages for group in package.groups})),
        hashes=tuple(sorted({digest for package in packages for digest in package.hashes})),
        requires=tuple(sorted(requires)),
        told=any(inventory.path in telling for inventory, _ in where),
        direct=any(package.direct for package in packages),
        source=packages[0].source,
        licence=licence,
        paths=tuple(sorted({package.path for package in packages})),
    )


def _brought(inventory: Inventory, name: str, known: Container[Pin]) -> Iterable[str]:
    for package in inventory.by_name.get(name, ())[:MOST_VERSIONS]:
        if (package.name, package.version) in known:
            yield purl.written(package.name, package.version)

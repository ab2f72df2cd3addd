"""How far a project's own code comes to a package: named, imported, brought by what is imported, or none of it.

What nobody imports is a smaller risk than what a request comes to, and says so; it is never left out, since a
program may be run by its name, or be loaded by a plug-in. Nothing is run: imports are read off the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file
from buckler.scan.discover import python_files
from buckler.scan.engines.packages.inventory.model import Inventory, Package

_MAX_BYTES: Final = 5_000_000
_IMPORT: Final = re.compile(
    rb"^[ \t]*(?:from[ \t]+([A-Za-z_][\w.]*)[ \t]+import|import[ \t]+([A-Za-z_][\w.]*(?:[ \t]+as[ \t]+\w+)?"
    rb"(?:[ \t]*,[ \t]*[A-Za-z_][\w.]*(?:[ \t]+as[ \t]+\w+)?)*))",
    re.MULTILINE,
)
MODULES: Final[Mapping[str, tuple[str, ...]]] = {
    "attrs": ("attr", "attrs"),
    "beautifulsoup4": ("bs4",),
    "djangorestframework": ("rest_framework",),
    "fastapi-jwt-auth": ("fastapi_jwt_auth",),
    "google-cloud-storage": ("google.cloud.storage",),
    "gitpython": ("git",),
    "grpcio": ("grpc",),
    "mysqlclient": ("MySQLdb",),
    "opencv-python": ("cv2",),
    "opencv-python-headless": ("cv2",),
    "pillow": ("PIL",),
    "protobuf": ("google.protobuf",),
    "psycopg-binary": ("psycopg",),
    "psycopg2-binary": ("psycopg2",),
    "pycryptodome": ("Crypto",),
    "pycryptodomex": ("Cryptodome",),
    "pyjwt": ("jwt",),
    "pyopenssl": ("OpenSSL",),
    "python-dateutil": ("dateutil",),
    "python-dotenv": ("dotenv",),
    "python-jose": ("jose",),
    "python-ldap": ("ldap",),
    "python-magic": ("magic",),
    "python-multipart": ("multipart", "python_multipart"),
    "pyyaml": ("yaml",),
    "scikit-learn": ("sklearn",),
    "setuptools": ("setuptools", "pkg_resources"),
}
"""What is imported of packages whose modules have another name than they."""
PROGRAMS: Final = frozenset(
    (
        *(
            "uvicorn",
            "gunicorn",
            "hypercorn",
            "granian",
            "daphne",
            "fastapi-cli",
            "fastapi-cloud-cli",
        ),
        *("celery", "rq", "arq", "dramatiq", "alembic", "supervisor", "newrelic", "ddtrace"),
    )
)
"""Packages that run beside or around an application without that it imports them."""
IMPLICIT: Final[Mapping[str, tuple[str, ...]]] = {
    "python-multipart": ("fastapi", "starlette"),
    "jinja2": ("fastapi", "starlette"),
    "itsdangerous": ("fastapi", "starlette"),
    "h11": ("uvicorn", "hypercorn"),
    "httptools": ("uvicorn",),
    "websockets": ("uvicorn",),
    "h2": ("hypercorn",),
}
"""Packages that another one uses where they are installed, without that its metadata say so."""


class Level(StrEnum):
    """How far, furthest first."""

    NAMED = "named"
    """What has the weakness stands in the project's source."""
    IMPORTED = "imported"
    """The project imports it."""
    BROUGHT = "brought"
    """What the project imports or runs brings it, or uses it where it is installed."""
    UNSEEN = "unseen"
    """Nothing that was read comes to it."""
    UNKNOWN = "unknown"
    """There is no source, or nobody says who brings it."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a project comes to a package.

    Attributes:
        level: The furthest that was seen.
        steps: Where: (file, 1-based line, what stands there); of ``brought`` the import of who brings it.
        by: The package that brings it; empty where the project imports it by itself.
    """

    level: Level
    steps: tuple[tuple[str, int, str], ...] = ()
    by: str = ""


class Imports:
    """What the source of a project imports.

    Args:
        folder: Of the project; None where nothing is asked of it.
    """

    def __init__(self, folder: Path | None) -> None:
        self._first: dict[str, tuple[str, int, str]] = {}
        self.files = 0
        if folder is None:
            return
        for file in python_files(folder):
            try:
                text = read_project_file(file, folder, _MAX_BYTES)
            except (UnreadableFile, FileNotFoundError):
                continue  # the source engine says so
            self.files += 1
            path = file.relative_to(folder).as_posix()
            for module, line, written in _imports(text):
                for name in _prefixes(module):
                    self._first.setdefault(name, (path, line, written))

    def of(self, modules: Iterable[str]) -> tuple[str, int, str] | None:
        """The first place where one of these modules is imported."""
        return next((self._first[name] for name in modules if name in self._first), None)


def _imports(text: bytes) -> Iterator[tuple[str, int, str]]:
    at, line = 0, 1
    for found in _IMPORT.finditer(text):
        line += text.count(b"\n", at, found.start())
        at = found.start()
        written = found.group().decode("ascii", "replace").strip()
        if found.group(1):
            yield found.group(1).decode("ascii", "replace"), line, written
        else:
            for part in found.group(2).split(b","):
                yield part.split()[0].decode("ascii", "replace"), line, written


def _prefixes(module: str) -> Iterator[str]:
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        yield ".".join(parts[:count])


def modules_of(name: str, told: Mapping[str, Sequence[str]] | None = None) -> tuple[str, ...]:
    """The modules of a package.

    Args:
        name: Normalised.
        told: What an environment says of it, by package.
    """
    if told and told.get(name):
        return tuple(told[name])
    plain = name.replace("-", "_")
    short = plain.removeprefix("python_").removeprefix("py")
    guessed = (
        (plain, name.replace("-", "."), short)
        if short != plain
        else (plain, name.replace("-", "."))
    )
    return MODULES.get(name, guessed)


def reach(
    package: Package,
    inventory: Inventory,
    imports: Imports,
    told: Mapping[str, Sequence[str]] | None = None,
) -> Reach:
    """How far a project comes to a package.

    Args:
        package: Of the inventory.
        inventory: Says who brings it.
        imports: Of the project.
        told: Modules by package, where an environment says so.
    """
    if not imports.files:
        return Reach(Level.UNKNOWN)
    if step := imports.of(modules_of(package.name, told)):
        return Reach(Level.IMPORTED, (step,))
    if package.name in PROGRAMS:
        return Reach(Level.BROUGHT, (), package.name)
    carriers = [*reversed(inventory.way_to(package.name)[:-1]), *IMPLICIT.get(package.name, ())]
    for name in carriers:
        if step := imports.of(modules_of(name, told)):
            return Reach(Level.BROUGHT, (step,), name)
        if name in PROGRAMS and name in inventory.by_name:
            return Reach(Level.BROUGHT, (), name)
    # A list of requirements does not say who brings what: of what is in it nothing follows.
    knows = inventory.way_to(package.name) and (package.direct or inventory.resolved)
    return Reach(Level.UNSEEN if knows else Level.UNKNOWN)

"""The corpus of real locks, and what their own tools export from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CORPUS = Path(__file__).parent / "corpus"
REAL_NAMES = {
    "uv-lock.toml": "uv.lock",
    "poetry-lock.toml": "poetry.lock",
    "pdm-lock.toml": "pdm.lock",
    "pipfile-lock.json": "Pipfile.lock",
    "pipfile.toml": "Pipfile",
    "project.toml": "pyproject.toml",
    "pylock-uv.toml": "pylock.uv.toml",
    "pylock-pdm.toml": "pylock.pdm.toml",
    "pylock-pip.toml": "pylock.toml",
    "compiled.txt": "requirements.txt",
    "asked.txt": "requirements.in",
}


def lay_out(name: str, folder: Path, *only: str) -> Path:
    """A project of the corpus under the names that the tools use."""
    for file in (CORPUS / name).iterdir():
        real = REAL_NAMES.get(file.name)
        if real and (not only or file.name in only):
            (folder / real).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    return folder


@dataclass
class Exported:
    """One line of an export."""

    name: str
    version: str
    marker: str = ""
    hashes: set[str] = field(default_factory=set)
    via: list[str] = field(default_factory=list)


def exported(name: str, file: str = "export.txt") -> list[Exported]:
    """The packages of an export, read in the simplest way that its form allows."""
    return list(_exported((CORPUS / name / file).read_text(encoding="utf-8")))


def _exported(text: str) -> Iterator[Exported]:
    last: Exported | None = None
    for block in re.split(r"\n(?=[A-Za-z0-9.])", "\n" + text):
        block = block.strip()
        if not block or block.startswith(("#", ".", "-")):
            continue
        head, *more = re.split(r"(?: \\\n)?\s+--hash=", block)
        plain = re.split(r"\s+#|\n", head, maxsplit=1)[0].strip().rstrip("\\").strip()
        requirement = Requirement(plain)
        version = str(requirement.specifier).removeprefix("===").removeprefix("==")
        last = Exported(
            canonicalize_name(requirement.name),
            version,
            str(requirement.marker or ""),
            {re.split(r"\s", part, maxsplit=1)[0] for part in more},
            re.findall(r"^ +#(?: via| ) +(\S.*)$", block, re.MULTILINE),
        )
        yield last


WHERE = [
    {
        "python_version": version,
        "python_full_version": f"{version}.4",
        "sys_platform": system,
        "platform_system": {"linux": "Linux", "win32": "Windows", "darwin": "Darwin"}[system],
        "os_name": "nt" if system == "win32" else "posix",
        "platform_machine": machine,
        "platform_python_implementation": implementation,
        "implementation_name": implementation.lower(),
        "extra": "",
    }
    for version, system, machine, implementation in product(
        ("3.11", "3.12", "3.13", "3.14"),
        ("linux", "win32", "darwin"),
        ("x86_64", "aarch64"),
        ("CPython", "PyPy"),
    )
]


@cache
def installed_in(marker: str) -> frozenset[int]:
    """The numbers of the environments of ``WHERE`` in which a marker holds."""
    if not marker:
        return frozenset(range(len(WHERE)))
    parsed = Marker(marker)
    return frozenset(i for i, where in enumerate(WHERE) if parsed.evaluate(where))

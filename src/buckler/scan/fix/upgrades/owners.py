"""Says which tool writes a file, and how a person has it take another version."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

_LOCKS: Final = (
    (re.compile(r"uv\.lock"), "uv", "uv lock --upgrade-package '{name}=={version}'"),
    (
        re.compile(r".+\.py\.lock"),
        "uv",
        "uv lock --script FILE --upgrade-package '{name}=={version}'",
    ),
    (re.compile(r"poetry\.lock"), "poetry", "poetry update --lock {name}"),
    (re.compile(r"pdm(\.[\w-]+)?\.lock"), "pdm", "pdm update --no-sync {name}"),
    (re.compile(r"Pipfile(\.lock)?"), "pipenv", "pipenv upgrade --lock-only '{name}=={version}'"),
    (
        re.compile(r"pylock(\.[^.]+)?\.toml"),
        "the tool that wrote it",
        "write it anew with that tool",
    ),
)
_INSTALLED: Final = re.compile(r"(^|/)(METADATA|PKG-INFO|[^/]+\.(egg-link|egg-info|whl))$")


@dataclass(frozen=True, slots=True)
class Owner:
    """Who writes a lock.

    Attributes:
        tool: Its name.
        command: What a person would type, with ``{name}`` and ``{version}``.
    """

    tool: str
    command: str

    def typed(self, name: str, version: str) -> str:
        """The command for one package."""
        return self.command.format(name=name, version=version)


def owner(path: str) -> Owner | None:
    """Who writes a file; None where people do."""
    name = PurePosixPath(path).name
    return next(
        (Owner(tool, cmd) for pattern, tool, cmd in _LOCKS if pattern.fullmatch(name)), None
    )


def is_installed(path: str) -> bool:
    """Whether a place is in an environment or a wheel, which no edit of a project's files changes."""
    return bool(_INSTALLED.search(path))

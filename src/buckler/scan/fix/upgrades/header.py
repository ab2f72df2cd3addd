"""Reads which command wrote a list or lock, from the comment at its top.

The file is a stranger's: an option there can name another index, another place to write to, or a program. So the
command is put together anew from the options that only shape the output, and anything else is refused (CWE-88).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from buckler.core.errors import RepairError

PIP_COMPILE: Final = "pip-compile"
UV_COMPILE: Final = "uv pip compile"
UV_EXPORT: Final = "uv export"
_TOOLS: Final = (PIP_COMPILE, UV_COMPILE, UV_EXPORT)
_LINE: Final = re.compile(r"#\s{2,}(?P<command>\S.*)")
_HEAD: Final = 40
_FLAGS: Final = frozenset(
    "--generate-hashes --no-generate-hashes --allow-unsafe --no-allow-unsafe --strip-extras --no-strip-extras"
    " --annotate --no-annotate --header --no-header --emit-index-url --no-emit-index-url"
    " --emit-trusted-host --no-emit-trusted-host --emit-options --no-emit-options --emit-find-links"
    " --no-emit-find-links --all-extras --all-groups --no-dev --dev --universal --reuse-hashes --no-hashes"
    " --emit-marker-expression --emit-index-annotation --no-emit-project --no-emit-workspace --no-emit-local"
    " --frozen --locked --no-default-groups --no-deps --quiet -q --upgrade -U".split()
)
_DROPPED: Final = frozenset(("--upgrade", "-U", "--quiet", "-q", "--frozen", "--locked"))
_VALUES: Final = {
    "--extra": r"[\w.-]+",
    "--group": r"[\w.-]+",
    "--only-group": r"[\w.-]+",
    "--no-group": r"[\w.-]+",
    "--unsafe-package": r"[\w.-]+",
    "--no-emit-package": r"[\w.-]+",
    "--package": r"[\w.-]+",
    "--annotation-style": r"line|split",
    "--resolver": r"backtracking",
    "--python-version": r"\d+(\.\d+)*",
    "--python-platform": r"[\w.-]+",
    "--format": r"requirements-txt|requirements\.txt|pylock\.toml",
    "--newline": r"LF|CRLF|native|preserve",
}
_FILES: Final = {
    "-o": "--output-file",
    "--output-file": "--output-file",
    "-c": "--constraint",
    "--constraint": "--constraint",
    "--constraints": "--constraint",
}
_GONE: Final = ("--upgrade-package", "-P")


@dataclass(frozen=True, slots=True)
class Command:
    """Which command wrote a file.

    Attributes:
        tool: One of :data:`PIP_COMPILE`, :data:`UV_COMPILE` and :data:`UV_EXPORT`.
        options: Those that are kept.
        sources: Files that it read, as named there.
        output: The file that it wrote, as named there; empty where it is not named.
    """

    tool: str
    options: tuple[str, ...]
    sources: tuple[str, ...]
    output: str = ""


def command_of(path: str, text: str) -> Command | None:
    """The command that wrote a file; None where no line at its top names one.

    Raises:
        RepairError: It has an option that is not known to be harmless.
    """
    tool, written = _written(text)
    return _read(path, tool, written) if tool else None


def names_command(text: str) -> bool:
    """Whether the top of a list names the command that wrote it."""
    return bool(_written(text)[0])


def _written(text: str) -> tuple[str, str]:
    """Tool and command, as the comment at the top of a list has them; empty texts where it has none."""
    for row in text.removeprefix("\ufeff").splitlines()[:_HEAD]:
        if row and not row.startswith("#"):
            break
        found = _LINE.match(row)
        written = found["command"].strip() if found is not None else ""
        tool = next((t for t in _TOOLS if written.startswith(f"{t} ") or written == t), "")
        if tool:
            return tool, written
    return "", ""


def _read(path: str, tool: str, written: str) -> Command:
    try:
        words = shlex.split(written)[len(tool.split()) :]
    except ValueError as error:
        raise RepairError(f"{path}: the command that wrote it cannot be read: {error}") from error
    options: list[str] = []
    sources: list[str] = []
    output = ""
    for option, value in _options(path, words):
        if not option:
            sources.append(_inside(path, value))
        elif _FILES.get(option) == "--output-file":
            output = _inside(path, value)
        elif option in _FILES:
            options += [_FILES[option], _inside(path, value)]
        elif option not in _DROPPED and option not in _GONE:
            options += [option, value] if value else [option]
    return Command(tool, tuple(options), tuple(sources), output)


def _options(path: str, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each option with its value; a file has no option."""
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        name, sign, value = word.partition("=")
        if not word.startswith("-"):
            yield "", word
        elif word in _FLAGS:
            yield word, ""
        elif name in _VALUES or name in _FILES or name in _GONE:
            if not sign:
                value = waiting.pop(0) if waiting else ""
            if name in _VALUES and not re.fullmatch(_VALUES[name], value):
                raise _strange(path, word)
            yield name, value
        else:
            raise _strange(path, word)


def _inside(path: str, name: str) -> str:
    """A path of the command, if it stays beside or below the file or in the project.

    Raises:
        RepairError: It is absolute, climbs, or is an option in disguise.
    """
    pure = PurePosixPath(name)
    if not name or pure.is_absolute() or ".." in pure.parts or name.startswith("-") or "\0" in name:
        raise RepairError(
            f"{path}: the command that wrote it names {name or 'nothing'}, which is not in the project",
            hint="run that command yourself",
        )
    return name


def _strange(path: str, word: str) -> RepairError:
    return RepairError(
        f"{path}: the command that wrote it has {word}, which Buckler does not repeat",
        hint="run that command yourself",
    )

"""Has pip-compile or uv write a compiled list anew, hashes and all, by the command that its header names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Final

from buckler.core.errors import RepairError
from buckler.scan.engines.packages.inventory.entries import name_of
from buckler.scan.fix.edits import Move
from buckler.scan.fix.upgrades import header, uv, variables
from buckler.scan.fix.upgrades.header import PIP_COMPILE, UV_EXPORT, Command
from buckler.scan.fix.upgrades.running import Runner, program

_ROUNDS: Final = 5
_NAMED: Final = re.compile(r"(?<![\w.-])([A-Za-z0-9][\w.-]*?)(?:==| )(\d[\w.!+-]*)")


class Compiled:
    """A list of requirements, or a ``pylock.toml``, that a tool compiled.

    Args:
        path: Of the list.
        text: All of it.
        command: Which wrote it.
        folder: Of the project, to find out where that command was typed.

    Raises:
        RepairError: Nobody can tell from which folder the command was run.
    """

    def __init__(self, path: str, text: str, command: Command, folder: Path) -> None:
        self.path = path
        self.tool = command.tool
        self._command = command
        self._written = _first_comment(text)
        self._hashes = "--hash=" in text
        self._base = _base(path, command, folder)

    def write(self, copy: Path, moves: Sequence[Move], runner: Runner) -> set[str]:
        """The command again, with ``--upgrade-package`` for what has to move."""
        folder = copy / self._base
        named = pairwise(self._command.options)
        limits = [word for before, word in named if before == "--constraint"]
        read = [word for word in (*self._command.sources, *limits) if not word.endswith(".toml")]
        variables.check_lists(
            copy, [(PurePosixPath(self._base) / word).as_posix() for word in read]
        )
        out = str(PurePosixPath(self.path).relative_to(self._base or "."))
        wanted = [f"{move.name}=={move.new}" for move in moves]
        if self.tool == PIP_COMPILE:
            options = [*self._command.options, "--no-config"]
            if self._hashes and "--generate-hashes" not in options:
                options.append("--generate-hashes")
            pip_compile(
                [*options, *self._command.sources], folder, out, wanted, runner, self._written
            )
            return {self.path}
        words = [uv.found(), *self.tool.split()[1:], *self._command.options]
        if self.tool == UV_EXPORT:
            words += ["--frozen", "--output-file", out]
        else:
            words += ["--no-build", "--output-file", out]
            words += [word for one in wanted for word in ("--upgrade-package", one)]
            words += self._command.sources
        more = {**uv.variables(runner), "UV_CUSTOM_COMPILE_COMMAND": self._written}
        runner.checked(words, folder, more)
        return {self.path}


def pip_compile(
    options: Sequence[str],
    folder: Path,
    out: str,
    wanted: Sequence[str],
    runner: Runner,
    written: str = "",
) -> None:
    """``pip-compile``, until nothing that the list pins stands in the way.

    It holds on to every version that the list has, also where that cannot go together with the wanted one; those that
    its refusal names are let go, and it is asked again.

    Args:
        options: Options and sources.
        folder: Where it runs.
        out: The list, relative to it.
        wanted: ``NAME==VERSION`` of what has to move.
        runner: Runs it.
        written: The command that the header is to name.

    Raises:
        RepairError: It is not there, or finds no versions that go together.
    """
    where = program(PIP_COMPILE)
    if not where:
        raise RepairError("pip-compile is not installed here", hint="pip install pip-tools")
    more = {
        "PIP_ONLY_BINARY": ":all:",
        "PIP_NO_INPUT": "1",
        "PIP_TOOLS_CACHE_DIR": str(runner.scratch),
    }
    if written:
        more["CUSTOM_COMPILE_COMMAND"] = written
    pins = (folder / out).read_bytes()
    asked = list(wanted)
    for _ in range(_ROUNDS):
        upgrades = [word for one in asked for word in ("--upgrade-package", one)]
        # Only the longer account says which versions stand in the way.
        words = [where, "--verbose", *upgrades, "--output-file", out, *options]
        ended = runner.run(words, folder, more, python=True)
        if ended.code == 0:
            return
        moving = {name_of(one.partition("==")[0]) for one in asked}
        in_the_way = sorted(_pinned_in(ended.output, pins.decode("utf-8", "replace")) - moving)
        if not in_the_way or ended.built:
            break
        asked += in_the_way
        (folder / out).write_bytes(pins)
    raise RepairError(f"pip-compile: {ended.why}")


def _pinned_in(output: str, pins: str) -> set[str]:
    """The packages that a refusal names in the version that the list has."""
    held = {
        (name_of(name), version)
        for name, version in re.findall(
            r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([\w.!+-]+)", pins, re.M
        )
    }
    return {name_of(n) for n, v in _NAMED.findall(output) if (name_of(n), v.rstrip(".")) in held}


def _first_comment(text: str) -> str:
    """The command as the header has it."""
    found = re.search(r"^#\s{2,}((?:pip-compile|uv )\b.*?)\s*$", text, re.MULTILINE)
    return found.group(1) if found else ""


def _base(path: str, command: Command, folder: Path) -> str:
    """The folder in which the command was typed: that of the project or that of the list."""
    beside = PurePosixPath(path).parent.as_posix()
    for base in dict.fromkeys(("", "" if beside == "." else beside)):
        here = PurePosixPath(base)
        if command.output:
            right = (here / command.output).as_posix() == path
        elif command.sources and command.tool == PIP_COMPILE:
            right = (here / command.sources[0]).with_suffix(".txt").as_posix() == path
        else:
            right = base == ("" if beside == "." else beside)
        if right and all((folder / here / source).is_file() for source in command.sources):
            return base
    raise RepairError(
        f"{path}: what it was compiled from is not where its header says",
        hint="compile it yourself",
    )


def compiled(path: str, text: str, folder: Path) -> Compiled | None:
    """Who writes a list, if a tool does.

    Raises:
        RepairError: A tool does, by a command that is not repeated.
    """
    command = header.command_of(path, text)
    return Compiled(path, text, command, folder) if command is not None else None

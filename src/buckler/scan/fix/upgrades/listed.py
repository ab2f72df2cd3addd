"""Resolves a list that people write: whether its versions go together, and which others have to move so that they do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from buckler.core.errors import RepairError
from buckler.scan.engines.packages.inventory.files import Folder
from buckler.scan.engines.packages.inventory.requirement_line import Entry, included, lines
from buckler.scan.engines.packages.inventory.requirements import gather, manifest
from buckler.scan.fix.edits import Move, applied
from buckler.scan.fix.text import Text
from buckler.scan.fix.upgrades import manifests, uv
from buckler.scan.fix.upgrades.compiled import pip_compile
from buckler.scan.fix.upgrades.header import PIP_COMPILE
from buckler.scan.fix.upgrades.running import Ended, Runner, pip, program

NAME: Final = "pip install --dry-run"
_TOLD: Final = "--no-header", "--no-annotate"


class Listed:
    """A list of requirements with all that it includes.

    Args:
        path: Of the list that is installed from.
        python: The interpreter of the application.
    """

    def __init__(self, path: str, python: Path) -> None:
        self.path = path
        self.tool = NAME
        self._python = python

    def write(self, copy: Path, moves: Sequence[Move], runner: Runner) -> set[str]:
        """Nothing where the list resolves as it is; else the pins of those that have to move, too."""
        ended = self._resolved(copy, runner)
        if ended.code == 0:
            return set()
        more = self._others(copy, moves, runner) if not ended.built else []
        if not more:
            raise RepairError(f"{self.path} does not resolve: {ended.why}")
        changes = manifests.edits(copy, more)
        for path, edits in changes.items():
            text = Text.read(copy / path, copy)
            (copy / path).write_bytes(text.encoded(applied(text.text, edits)))
        ended = self._resolved(copy, runner)
        if ended.code != 0:
            raise RepairError(f"{self.path} does not resolve: {ended.why}")
        return set(changes)

    def _resolved(self, copy: Path, runner: Runner) -> Ended:
        """What pip says of it; uv where the application's interpreter has no pip."""
        ours = pip(self._python)
        if runner.run([*ours, "--version"], runner.scratch, python=True).code == 0:
            how = ["install", "--dry-run", "--ignore-installed", "--only-binary=:all:", "--quiet"]
            return runner.run([*ours, *how, "-r", self.path], copy, python=True)
        self.tool = "uv pip compile"
        words = [
            uv.found(),
            "pip",
            "compile",
            "--quiet",
            "--no-build",
            "--python",
            str(self._python),
        ]
        out = str(runner.scratch / "resolved.txt")
        return runner.run(
            [*words, "-o", out, str(copy / self.path)], runner.scratch, uv.variables(runner)
        )

    def _others(self, copy: Path, moves: Sequence[Move], runner: Runner) -> list[Move]:
        """The pins that would have to change for the list to resolve, as few as can be."""
        found = gather(self.path, Folder(copy))
        moved = {move.name for move in moves}
        pins = {e.name: e for e in found.entries if e.pinned and e.version and e.source == "index"}
        loose = runner.scratch / "loose.in"
        out = runner.scratch / "loose.txt"
        rows = [*_options(copy, found.paths), *(_row(e, moved) for e in found.entries)]
        limits = [_row(e, moved) for e in found.limits]
        loose.write_text("\n".join((*rows, *limits, "")), encoding="utf-8")
        out.write_text("".join(f"{e.name}=={e.version}\n" for e in pins.values()), encoding="utf-8")
        try:
            if program(PIP_COMPILE):
                options = ["--no-config", "--no-strip-extras", *_TOLD, loose.name]
                pip_compile(options, runner.scratch, out.name, [], runner)
            else:
                words = [uv.found(), "pip", "compile", "--no-build", "--python", str(self._python)]
                words += [*_TOLD, "-o", out.name, loose.name]
                runner.checked(words, runner.scratch, uv.variables(runner))
        except RepairError:
            return []
        now = {d.name: d.version for d in manifest(out.name, Folder(runner.scratch)).declared}
        return [
            Move(name, pin.version, now[name])
            for name, pin in pins.items()
            if now.get(name, pin.version) != pin.version
        ]


def _options(copy: Path, paths: Iterable[str]) -> Iterator[str]:
    """The lines of lists that say where packages come from."""
    for path in paths:
        for line in lines(Folder(copy).text(path)):
            editable = line.text.startswith(("-e", "--editable"))
            if line.text.startswith("-") and not editable and not included(path, line.text)[0]:
                yield line.text


def _row(made: Entry, kept: Iterable[str]) -> str:
    """A requirement that leaves the version open upwards, but for those that are to have just this one."""
    if made.source != "index":
        raise RepairError(
            f"{made.path}:{made.line} is installed from {made.source} and would be built"
        )
    if made.pinned and made.version and made.name not in kept:
        made = replace(made, specifier=f">={made.version}")
    extras = f"[{','.join(made.extras)}]" if made.extras else ""
    marker = f" ; {made.marker}" if made.marker else ""
    return f"{made.name}{extras}{made.specifier}{marker}"

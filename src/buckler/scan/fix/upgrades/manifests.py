"""Writes new versions into what people write: lists of requirements, constraints and ``pyproject.toml``.

A lock cannot move beyond what the manifest beside it asks for, so that is changed first, and nothing else in the
file: comments, order and line ends stay. What was written is read again by the readers of the inventory; a change
that they do not see is none (CWE-1395).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from buckler.core.errors import RepairError
from buckler.scan.engines.packages.inventory import pyproject
from buckler.scan.engines.packages.inventory.entries import fulfils, name_of
from buckler.scan.engines.packages.inventory.read import Asking, asking
from buckler.scan.engines.packages.inventory.requirement_line import Entry, entry, lines
from buckler.scan.fix.edits import Edit, Move, applied
from buckler.scan.fix.text import Text
from buckler.scan.fix.upgrades import header
from buckler.scan.fix.upgrades.specifiers import respecified

_SPECIFIER = r"(?P<specifier>[^;#\\\n\r\"'@)]*)"
_LISTED: Final = re.compile(
    r"^\s*(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[[^\]\n]*\])?\s*\(?" + _SPECIFIER
)
_QUOTED: Final = re.compile(
    r"[\"']\s*(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[[^\]\n]*\])?\s*\(?" + _SPECIFIER
)
_KEYED: Final = re.compile(
    r"^\s*[\"']?(?P<name>[A-Za-z0-9][\w.-]*)[\"']?\s*=\s*(?:\{[^}\n]*?\bversion\s*=\s*)?[\"']"
    r"(?P<specifier>[^\"'\n]*)[\"']"
)


def edits(folder: Path, moves: Iterable[Move], *, compiled: bool = False) -> dict[str, list[Edit]]:
    """What has to be written where, so that the manifests of a project take new versions.

    Changed is what takes the old version and not the new one, in whichever manifest.

    Args:
        folder: Of the project.
        moves: Which packages.
        compiled: Leave lists alone that a tool compiles, because that tool is going to run.

    Returns:
        By path; nothing where every manifest takes them already.

    Raises:
        RepairError: A requirement is written in a way that cannot be changed, or has hashes.
        UnreadableFile: A file cannot be read.
    """
    by_name: dict[str, list[Move]] = {}
    for move in moves:
        by_name.setdefault(move.name, []).append(move)
    found: dict[str, list[Edit]] = {}
    for path, asked in _forbidding(asking(folder), by_name).items():
        text = Text.read(folder / path, folder).text
        if compiled and header.names_command(text):
            continue
        made = [edit for one, move in asked for edit in _edits(path, text, one, move)]
        found[path] = list(dict.fromkeys(made))
        _check(path, applied(text, found[path]), by_name)
    return found


def _forbidding(
    found: Iterable[Asking], moves: Mapping[str, Sequence[Move]]
) -> dict[str, list[tuple[Asking, Move]]]:
    by_path: dict[str, list[tuple[Asking, Move]]] = {}
    for one in found:
        move = _forbidden(one.specifier, moves.get(one.name, ()))
        if move is not None and one.source == "index":
            by_path.setdefault(one.path, []).append((one, move))
    return by_path


def _forbidden(specifier: str, moves: Iterable[Move]) -> Move | None:
    """The move of which a specifier takes the old version and not the new one."""
    if not specifier:
        return None
    fitting = (move for move in moves if fulfils(specifier, move.old))
    return next((move for move in fitting if not fulfils(specifier, move.new)), None)


def _edits(path: str, text: str, asked: Asking, move: Move) -> Iterator[Edit]:
    if asked.hashes:
        raise RepairError(
            f"{path}:{asked.line} has the hashes of {move.name} {move.old}: the tool that wrote them has to run",
            hint="`buckler fix --resolve` runs it in a copy",
        )
    toml = path.endswith(".toml")
    rows = _rows(text) if toml else text.splitlines(keepends=True)
    row = rows[asked.line - 1] if 0 < asked.line <= len(rows) else ""
    start = sum(map(len, rows[: asked.line - 1]))
    patterns = (_QUOTED, _KEYED) if toml else (_LISTED,)
    amount = 0
    for pattern in patterns:
        for match in pattern.finditer(row):
            written = match["specifier"].rstrip()
            if name_of(match["name"]) != move.name or not written:
                continue
            amount += 1
            new = respecified(written, move.new)
            if new != written:
                at = start + match.start("specifier")
                yield Edit(at, at + len(written), new)
    if not amount:
        raise RepairError(
            f"{path} asks for {move.name}{asked.specifier} in a way that cannot be changed by text",
            hint="change it by hand, then run `buckler fix` again",
        )


def _rows(text: str) -> list[str]:
    return [f"{row}\n" for row in text.split("\n")]


def _check(path: str, text: str, moves: Mapping[str, Sequence[Move]]) -> None:
    """Read what would be written as the inventory reads it."""
    plain = text.replace("\r\n", "\n")
    listed: list[tuple[str, str, int]] = []
    if path.endswith(".toml"):
        listed = [(d.name, d.specifier, d.line) for d in pyproject.read(path, plain).declared]
    else:
        made = [entry(path, line) for line in lines(plain)]
        listed = [(e.name, e.specifier, e.line) for e in made if isinstance(e, Entry)]
    for name, specifier, line in listed:
        if _forbidden(specifier, moves.get(name, ())) is not None:
            raise RepairError(
                f"{path}:{line} asks for {name}{specifier} in a way that cannot be changed by text",
                hint="change it by hand, then run `buckler fix` again",
            )

"""Plans upgrades with the tools that write a project's locks: all in one go, or those that go.

Everything happens in a copy. What comes of it are changes of text like those of any other repair: they are shown, proved
in another copy and written by the same code, so a tool never touches the project itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from buckler.core.errors import BucklerError, RepairError
from buckler.core.finding import Finding
from buckler.core.rule import Rule
from buckler.scan.engines.packages.inventory.model import Inventories
from buckler.scan.engines.packages.inventory.read import inventories
from buckler.scan.fix.copying import copy_of
from buckler.scan.fix.edits import Move, Repair, applied
from buckler.scan.fix.plan import Left, Planned
from buckler.scan.fix.text import Text
from buckler.scan.fix.upgrades import manifests, taking, variables
from buckler.scan.fix.upgrades.running import Runner
from buckler.scan.fix.upgrades.wishes import Wish, is_wish, wishes
from buckler.scan.fix.upgrades.writers import writers_of

MOST: Final = 40
"""Packages that are tried one by one where they do not go together."""
UNRESOLVED: Final = "no tool resolved the new versions: nothing locks what the manifest asks for"
_SHOWN: Final = 12


class Upgrader:
    """Plans the upgrades of one project.

    Args:
        folder: Of the project.
        python: The interpreter of the application.
        runner: Runs the tools.
    """

    def __init__(self, folder: Path, python: Path, runner: Runner) -> None:
        self._folder = folder
        self._python = python
        self._runner = runner

    def takes(self, finding: Finding) -> bool:
        """Whether a finding is about a version of a package."""
        return is_wish(finding)

    def plan(self, rule: Rule, findings: Sequence[Finding]) -> tuple[list[Planned], list[Left]]:
        """One repair for all that can be upgraded, and why the rest is not.

        Args:
            rule: That found them.
            findings: About known weaknesses of packages.
        """
        asked, left = wishes(findings)
        try:
            repair, refused = self._best(asked)
        except BucklerError as error:
            return [], [
                *left,
                *(Left(f, error.message, tried=True) for wish in asked for f in wish.findings),
            ]
        # One that could not have just this version may have moved beyond it with the others.
        done_so = {(move.name, move.old) for move in repair.moves} if repair is not None else set()
        refused = [(w, why) for w, why in refused if (w.move.name, w.move.old) not in done_so]
        left += [Left(f, why, tried=True) for wish, why in refused for f in wish.findings]
        if repair is None:
            return [], left
        out = {id(wish) for wish, _ in refused}
        done = tuple(f for wish in asked if id(wish) not in out for f in wish.findings)
        return [Planned(rule, done, repair)], left

    def joins(self, planned: Planned) -> bool:
        """Whether a repair upgrades several packages that somebody asked for."""
        if not all(map(is_wish, planned.findings)):
            return False
        return len({wish.move.name for wish in wishes(planned.findings)[0]}) > 1

    def apart(self, planned: Planned) -> tuple[list[Planned], list[Left]]:
        """The same upgrades, each by itself, where all together turned out not to hold.

        Args:
            planned: By :meth:`plan`.
        """
        asked, _ = wishes(planned.findings)
        found: list[Planned] = []
        left: list[Left] = []
        for name in dict.fromkeys(wish.move.name for wish in asked):
            of_one = [f for wish in asked if wish.move.name == name for f in wish.findings]
            repairs, refused = self.plan(planned.rule, of_one)
            found += repairs
            left += refused
        return found, left

    def _best(self, asked: Sequence[Wish]) -> tuple[Repair | None, list[tuple[Wish, str]]]:
        """The upgrade of all, or of as many as go together, each in turn."""
        if not asked:
            return None, []
        try:
            return self._try(asked), []
        except BucklerError as error:
            if len(asked) == 1:
                return None, [(asked[0], error.message)]
        good: list[Wish] = []
        refused: list[tuple[Wish, str]] = []
        made: Repair | None = None
        for number, wish in enumerate(asked):
            if number >= MOST:
                refused.append((wish, "it was not tried: too many others did not go together"))
                continue
            try:
                made = self._try([*good, wish])
                good.append(wish)
            except BucklerError as error:
                refused.append((wish, error.message))
        return made, refused

    def _try(self, asked: Sequence[Wish]) -> Repair:
        """What the tools make of these.

        Raises:
            RepairError: They do not go together, or a tool is missing or fails.
            UnreadableFile: A file cannot be read.
        """
        moves = [wish.move for wish in asked]
        paths = dict.fromkeys(path for wish in asked for path in wish.paths)
        with copy_of(self._folder) as copy:
            taking.without_choices(copy)
            before, had = taking.marks(copy), inventories(copy)
            variables.check(copy, had)
            wanted: set[str] = set()
            for path, edits in manifests.edits(copy, moves, compiled=True).items():
                text = Text.read(copy / path, copy)
                (copy / path).write_bytes(text.encoded(applied(text.text, edits)))
                wanted.add(path)
            writers = writers_of(copy, [*paths, *wanted], had, self._python)
            for writer in writers:
                wanted |= writer.write(copy, moves, self._runner)
            has = inventories(copy)
            files = tuple(taking.taken(self._folder, copy, wanted))
            others = [p for p in taking.changed(before, taking.marks(copy)) if p not in wanted]
        moved = _moved(had, has, wanted)
        _check(asked, has, wanted)
        _check_hashes(had, has)
        tools = ", ".join(dict.fromkeys(writer.tool for writer in writers))
        names = {move.name for move in moves}
        brought = [move for move in moved if move.name not in names]
        return Repair(
            files,
            f"{_told(moves)}{f' ({tools})' if tools else ''}",
            safe=False,
            changes=_changes(brought),
            shown=(f"resolves ({tools})",) if tools else (),
            unshown=(*(() if tools else (UNRESOLVED,)), *_left_in_the_copy(others)),
            moves=(*moves, *brought),
        )


def _moved(had: Inventories, has: Inventories, paths: set[str]) -> list[Move]:
    """What has another version than before, in the files that were written; what is new comes from nothing."""
    found: dict[Move, None] = {}
    before = {inventory.path: inventory.by_name for inventory in had}
    for inventory in has:
        if inventory.path not in paths and not any(p.path in paths for p in inventory.packages):
            continue
        old = before.get(inventory.path, {})
        for name, packages in inventory.by_name.items():
            was = [package.version for package in old.get(name, ())]
            for package in packages:
                if package.version and package.version not in was:
                    found[Move(name, was[0] if was else "", package.version)] = None
    return list(found)


def _check(asked: Sequence[Wish], has: Inventories, paths: set[str]) -> None:
    """Whether every old version is gone from where it was.

    Raises:
        RepairError: A tool kept one.
    """
    for wish in asked:
        move = wish.move
        for inventory, package in has.packages:
            if package.path in paths and (package.name, package.version) == (move.name, move.old):
                raise RepairError(
                    f"{package.path} still has {move.name} {move.old} after its tool ran",
                    hint=f"something else asks for it in {inventory.path}",
                )


def _check_hashes(had: Inventories, has: Inventories) -> None:
    """Whether what did not move still is the same: an index may serve something else under an old version (CWE-494).

    Raises:
        RepairError: A lock has none of the old hashes any more for the same version.
    """
    before = {
        (inventory.path, p.name, p.version): set(p.hashes)
        for inventory, p in had.packages
        if p.hashes
    }
    for inventory, package in has.packages:
        old = before.get((inventory.path, package.name, package.version))
        if old and old.isdisjoint(package.hashes):
            raise RepairError(
                f"the index has other files of {package.name} {package.version} than {inventory.path} was made with",
                hint="ask its publisher, and compare the files, before the lock takes them",
            )


def _told(moves: Sequence[Move]) -> str:
    texts = [f"{move.name} {move.old} becomes {move.new}" for move in moves[:_SHOWN]]
    more = f" and {len(moves) - _SHOWN} more" if len(moves) > _SHOWN else ""
    return ", ".join(texts) + more


def _changes(brought: Sequence[Move]) -> str:
    """What whoever runs it should know."""
    text = "these are other versions from now on: read what changed between them"
    if not brought:
        return f"{text}; no other package moves"
    told = [f"{m.name} {m.old or 'which is new,'} becomes {m.new}" for m in brought[:_SHOWN]]
    more = f" and {len(brought) - _SHOWN} more" if len(brought) > _SHOWN else ""
    return f"{text}; with them {', '.join(told)}{more}"


def _left_in_the_copy(others: Sequence[str]) -> list[str]:
    if not others:
        return []
    named = ", ".join(others[:3]) + (" and more" if len(others) > 3 else "")
    return [f"a tool wrote {named} as well: that was not taken over"]

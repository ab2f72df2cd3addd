"""Tries repairs in a copy of the project and sorts out those that hold.

All are tried together first. Where something speaks against them, halves are tried, so that one bad
repair costs a few scans and none of the good ones.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from buckler.core.errors import BucklerError
from buckler.core.finding import Finding
from buckler.scan.fix.apply import apply
from buckler.scan.fix.copying import copy_of, moved
from buckler.scan.fix.look import Look, Looker
from buckler.scan.fix.plan import Planned
from buckler.scan.fix.project_tests import ProjectTests, Ran
from buckler.scan.fix.proving import (
    Failure,
    Outcome,
    judged,
    place_of,
    shared_failure,
    with_shared,
)
from buckler.scan.fix.upgrades.installing import Installed, Installer
from buckler.scan.fix.writing import Written, written
from buckler.scan.python.parsing import parsed
from buckler.scan.target import Target

NOT_INSTALLED: Final = "nothing was installed: the application ran with the old versions; --install"
"""Of a repair of packages."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of repairs that were tried together.

    Attributes:
        outcomes: One for each, in their order.
        after: The scan of the copy with those that hold in it; None where none does.
        files: What the files become with them.
    """

    outcomes: tuple[Outcome, ...]
    after: Look | None
    files: tuple[Written, ...] = ()


class Verifier:
    """Proves repairs of one project.

    Args:
        target: The project.
        looker: How to scan.
        before: The scan before.
        tests: The project's own tests, if they are to be run.
        tell: Gets a word on how far it is.
        installer: Installs new versions of packages for the proof; None where nothing is installed.
    """

    def __init__(
        self,
        target: Target,
        looker: Looker,
        before: Look,
        tests: ProjectTests | None = None,
        tell: Callable[[str], None] = lambda text: None,
        installer: Installer | None = None,
    ) -> None:
        self._target = target
        self._installer = installer
        self._looker = looker
        self._before = before
        self._tests = tests
        self._tell = tell
        self._tested: Ran | None = None
        self._ran_installed: str | None = None

    def verify(self, repairs: Sequence[Planned]) -> Tried:
        """Try repairs, all together if they can be."""
        compiling = [self._compiles(item) for item in repairs]
        ready = [o.planned for o in compiling if o.holds]
        tried = self._settle(ready) if ready else Tried((), None)
        known = {id(outcome.planned): outcome for outcome in (*compiling, *tried.outcomes)}
        return replace(tried, outcomes=tuple(known[id(item)] for item in repairs))

    def _compiles(self, item: Planned) -> Outcome:
        """Whether one repair alone leaves files that parse: cheap, so it comes first."""
        try:
            for file in written(self._target.folder, [item.repair]):
                _check_parses(file)
        except BucklerError as error:
            return Outcome(item, against=f"it cannot be made: {error.message}")
        return Outcome(item)

    def _settle(self, repairs: Sequence[Planned]) -> Tried:
        tried, failure = self._try(repairs)
        if failure.why and len(repairs) == 1:
            return Tried((Outcome(repairs[0], ("compiles",), (), failure.why),), None)
        if failure.why:
            return self._halved(repairs, failure)
        good = [o.planned for o in tried.outcomes if o.holds]
        if len(good) == len(repairs):
            return tried
        first = self._joined(tried.outcomes, good)
        again = _alike([o.planned for o in tried.outcomes if not o.holds])
        return self._combined(first, self._halved(again, Failure())) if again else first

    def _halved(self, repairs: Sequence[Planned], failure: Failure) -> Tried:
        """Try two parts apart, and then what is left of them together."""
        one, other = _parted(repairs, failure)
        return self._combined(self._settle(one), self._settle(other))

    def _combined(self, one: Tried, other: Tried) -> Tried:
        outcomes = _latest(one.outcomes, other.outcomes)
        kept = [[o.planned for o in part.outcomes if o.holds] for part in (one, other)]
        if not kept[0] or not kept[1]:
            return replace(one if kept[0] else other, outcomes=outcomes)
        both, failure = self._try([*kept[0], *kept[1]])
        if not failure.why and all(o.holds for o in both.outcomes):
            return _put_together(outcomes, both)
        why = f"it does not go together with the others: {failure.why or 'a finding comes back'}"
        second = {id(item) for item in kept[1]}
        apart = [replace(o, against=why) if id(o.planned) in second else o for o in outcomes]
        return replace(one, outcomes=tuple(apart))

    def _joined(self, outcomes: Sequence[Outcome], good: Sequence[Planned]) -> Tried:
        """Try those again that held beside some that did not: now they stand alone."""
        if not good:
            return Tried(tuple(outcomes), None)
        return _put_together(outcomes, self._settle(good))

    def _try(self, repairs: Sequence[Planned]) -> tuple[Tried, Failure]:
        """Scan a copy with these repairs in it; what speaks against them as a whole comes second."""
        amount = len(repairs)
        self._tell(f"trying {amount} repair{'s' if amount != 1 else ''} in a copy")
        try:
            files = written(self._target.folder, [item.repair for item in repairs])
        except BucklerError as error:
            return Tried((), None), Failure(f"they do not go together: {error.message}")
        findings: list[Finding] = [f for item in repairs for f in item.findings]
        with ExitStack() as open_until_shown:
            copy = open_until_shown.enter_context(copy_of(self._target.folder))
            try:
                apply(copy, files)
                for file in files:
                    _check_parses(file)
            except BucklerError as error:
                return Tried((), None), Failure(f"it cannot be made: {error.message}")
            try:
                installed = self._installed(copy, repairs, open_until_shown)
            except BucklerError as error:
                return Tried((), None), Failure(f"it cannot be installed: {error.message}")
            target = moved(self._target, copy)
            if installed is not None:
                target = replace(target, python=installed.python)
            # What is installed still has the old versions: only the files are judged.
            packages = any(item.repair.moves for item in repairs)
            after = self._looker.look(target, findings, installed=not packages)
            never_ran = self._never_ran(after) if installed is not None else ""
            if installed is not None and never_ran:
                # What is wrong with it was wrong before: that says nothing of the repair.
                installed = replace(installed, unshown=never_ran)
                after = self._looker.look(moved(self._target, copy), findings, installed=False)
            failure = shared_failure(self._before, after, repairs)
            tests = None if failure.why else self._tests
            ran = self._run_tests(tests, copy, installed) if tests is not None else None
        if ran is not None and ran[0].passed and not ran[1].passed:
            failure = Failure(f"the project's tests fail: {ran[1].why}")
        if failure.why:
            self._tell(f"against {len(repairs)}: {failure.why}")
        outcomes = tuple(
            with_shared(
                judged(item, self._before, after, repairs),
                self._before,
                after,
                ran,
                repairs,
                runs_code=self._looker.runs_code,
            )
            for item in repairs
        )
        outcomes = tuple(_with_installed(outcome, installed) for outcome in outcomes)
        return Tried(outcomes, after, tuple(files)), failure

    def _installed(
        self, copy: Path, repairs: Sequence[Planned], stack: ExitStack
    ) -> Installed | None:
        """An environment with the new versions, where there are any and it was asked for."""
        moves = [move for item in repairs for move in item.repair.moves]
        if self._installer is None or not moves:
            return None
        self._tell("installing the new versions outside of the project")
        return stack.enter_context(self._installer.installed(copy, moves))

    def _never_ran(self, after: Look) -> str:
        """Why an application that does not run with what was installed did not do so before, either; else empty."""
        if not after.report.failed or self._before.report.failed or self._installer is None:
            return ""
        if self._ran_installed is None:
            self._tell("installing what the project named before, for comparison")
            with copy_of(self._target.folder) as copy:
                try:
                    with self._installer.installed(copy, ()) as old:
                        target = replace(moved(self._target, copy), python=old.python)
                        failed = self._looker.look(target, installed=False).report.failed
                except BucklerError:
                    failed = ""  # it cannot be compared, so the failure speaks against the repair
            self._ran_installed = failed
        if not self._ran_installed:
            return ""
        return f"the application runs with what its files name neither before nor after: {self._ran_installed}"

    def _run_tests(
        self, tests: ProjectTests, copy: Path, installed: Installed | None
    ) -> tuple[Ran, Ran]:
        """The project's tests without repairs, once, and with them."""
        if self._tested is None:
            self._tell("running the project's tests as it is")
            with copy_of(self._target.folder) as original:
                self._tested = tests.run(original)
        if not self._tested.passed:
            return self._tested, self._tested
        self._tell("running the project's tests with the repairs")
        return self._tested, tests.run(copy, installed.folder if installed is not None else None)


def _with_installed(outcome: Outcome, installed: Installed | None) -> Outcome:
    """An outcome with what was installed for it, or that nothing was."""
    if not outcome.planned.repair.moves:
        return outcome
    if installed is None:
        return replace(outcome, unshown=(*outcome.unshown, NOT_INSTALLED))
    left = (installed.unshown,) if installed.unshown else ()
    return replace(
        outcome, shown=(*outcome.shown, installed.shown), unshown=(*outcome.unshown, *left)
    )


def _parted(
    repairs: Sequence[Planned], failure: Failure
) -> tuple[Sequence[Planned], Sequence[Planned]]:
    """Two parts to be tried apart: those that the failure points at, last; else halves."""
    near = [item for item in repairs if failure.points_at(item)]
    if near and len(near) < len(repairs):
        return [item for item in repairs if item not in near], near
    return repairs[: len(repairs) // 2], repairs[len(repairs) // 2 :]


def _alike(repairs: Sequence[Planned]) -> list[Planned]:
    """Those that close the same thing at the same place: one that does not hold hides that another does."""
    places = [{place_of(finding) for finding in item.findings} for item in repairs]
    amount = Counter(place for own in places for place in own)
    return [i for i, own in zip(repairs, places, strict=True) if any(amount[p] > 1 for p in own)]


def _latest(earlier: Sequence[Outcome], later: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """One outcome for each repair, the later one where there are two."""
    return tuple({id(o.planned): o for o in (*earlier, *later)}.values())


def _check_parses(file: Written) -> None:
    """Raise where new source does not parse, by the same reader that the source engine has."""
    if not file.path.endswith((".py", ".pyi")):
        return
    with tempfile.TemporaryDirectory(prefix="parsing-") as folder:
        path = Path(folder) / "module.py"
        path.write_bytes(file.data)
        parsed(path, Path(folder))


def _put_together(outcomes: Sequence[Outcome], newer: Tried) -> Tried:
    """Earlier outcomes, those that were tried again in their new form."""
    again = {id(outcome.planned): outcome for outcome in newer.outcomes}
    return replace(newer, outcomes=tuple(again.get(id(o.planned), o) for o in outcomes))

"""The attack engine: sign in, explore, attack, look again for what was stored, observe."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeVar

from buckler.core.errors import ApplicationError
from buckler.core.events import GapFound, Listener
from buckler.core.finding import Confidence, Finding
from buckler.core.redact import Redactor
from buckler.core.report import Coverage
from buckler.core.rule import Rule
from buckler.core.settings import Settings
from buckler.scan.engines.app.session import Session
from buckler.scan.engines.attack import restoring
from buckler.scan.engines.attack.again import Again
from buckler.scan.engines.attack.canaries import Canaries
from buckler.scan.engines.attack.covering import covered
from buckler.scan.engines.attack.explore import Explorer, choose_host, order_of
from buckler.scan.engines.attack.identities import sign_in_all, stay_signed_in
from buckler.scan.engines.attack.judging import Judge, Line
from buckler.scan.engines.attack.newcomers import introduce, used
from buckler.scan.engines.attack.observe import Observer
from buckler.scan.engines.attack.probing import Prober
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.interface import ChecksObservations, Probe, Refutes
from buckler.scan.engines.observations import Observations
from buckler.scan.model.application import AppModel, Operation

T = TypeVar("T")
SLOW_WORK = 24
"""What an operation that answers slowly counts for, in slots."""
MANY = 24
"""Operations from which on a second child saves more time than its start takes."""


class AttackEngine:
    """Attacks one running application.

    Args:
        session: The application in its box, started.
        model: Its model.
        settings: Identities, exclusions and times.
        rules: The rules that may run.
        prefix: First characters of every canary.
        emit: Gets gaps, progress and findings as they come.
        line: Gives the text of a line of the project.
        hints: Host names in the project's source.
        secrets: Values that must stand in no report.
        compared: By name, texts that the project's source compares it with.
        earlier: What the engines before this one found.
        attacks: Whether :meth:`attack` will be called.
    """

    def __init__(
        self,
        session: Session,
        model: AppModel,
        settings: Settings,
        rules: Iterable[Rule],
        prefix: str,
        emit: Listener,
        line: Line,
        hints: tuple[str, ...] = (),
        *,
        compared: Mapping[str, tuple[str, ...]] | None = None,
        secrets: Iterable[str] = (),
        earlier: Iterable[Finding] = (),
        attacks: bool = True,
    ) -> None:
        excluded = set(settings.exclude)
        self._run = Run(
            session=session,
            model=model,
            settings=settings,
            rules=tuple(rules),
            canaries=Canaries[Probe](prefix, session.plant),
            emit=emit,
            deadline=time.monotonic() + settings.max_time,
            hints=hints,
            compared=compared or {},
            redactor=Redactor(secrets),
            seen=Observations(earlier=tuple(earlier)),
            operations=tuple(op for op in model.operations if op.key not in excluded),
        )
        for key in sorted(excluded):
            emit(GapFound(key, "excluded", "take it out of --exclude"))
        self._session = session
        self._line = line
        self._attacks = attacks
        self._named = bool(settings.identities)
        self._second: _Half | None = None
        self._stack = ExitStack()

    def __enter__(self) -> AttackEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def explore(self) -> None:
        """Sign in and find out how each operation is reached; sends no payload."""
        run = self._run
        starting = self._prepare()
        choose_host(run)
        if not introduce(run):
            sign_in_all(run)
        self._explorer = Explorer(run)
        run.recreate, run.visit_pages = self._explorer.recreate, self._explorer.visit_pages
        self._explorer.explore()
        if starting is None:
            return
        try:
            self._second = self._half(starting.result())
        except ApplicationError as error:
            run.note(f"a second child did not start, so one does all: {error.message}")

    def _prepare(self) -> Future[Session] | None:
        """Start all children that will be needed while one is enough.

        A second one takes half of the work from the observing on; attacking begins with two that
        nobody spoke to.
        """
        run = self._run
        if len(run.operations) < MANY:
            return None
        session = self._stack.enter_context(self._session.twin())

        def start() -> Session:
            session.start()
            if self._attacks:
                self._session.prepare()
                session.prepare()
            return session

        return self._stack.enter_context(ThreadPoolExecutor(1)).submit(start)

    def _half(self, session: Session) -> _Half:
        twin = self._run.twin(session)
        explorer = self._explorer.twin(twin)
        twin.recreate, twin.visit_pages = explorer.recreate, explorer.visit_pages
        return _Half(twin, explorer)

    def _both(self, one: Callable[[], T], other: Callable[[], T]) -> list[T]:
        """Do two things at once, each in its own child, and put together what was observed."""
        with ThreadPoolExecutor(2) as pool:
            waiting = [pool.submit(one), pool.submit(other)]
            done = [future.result() for future in waiting]
        if self._second is not None:
            self._run.join(self._second.run)
        return done

    def attack(self, only: frozenset[str] | None = None) -> list[Finding]:
        """Send payloads to every operation that was reached; destructive ones last.

        Args:
            only: Keys of the operations to attack, if not all.
        """
        run, second = self._run, self._second
        chosen = [
            op for op in sorted(run.operations, key=order_of) if only is None or op.key in only
        ]
        done = Progressing(run, len(chosen))
        if second is None or len(chosen) < MANY:
            return self._attack_afresh(run, self._explorer, chosen, done)
        second.explorer.learn(self._explorer)
        second.run.seen = run.seen.apart()
        mine, theirs = self._shares(chosen)
        found = self._both(
            lambda: self._attack_afresh(run, self._explorer, mine, done),
            lambda: self._attack_afresh(second.run, second.explorer, theirs, done),
        )
        return [finding for part in found for finding in part]

    def _shares(self, operations: list[Operation]) -> tuple[list[Operation], list[Operation]]:
        """Two parts of about the same work, each in the order given.

        Work is counted in slots, not in milliseconds, so that the same seed makes the same parts.
        """
        parts: tuple[list[Operation], list[Operation]] = ([], [])
        work = [0, 0]
        for operation in operations:
            lighter = 0 if work[0] <= work[1] else 1
            parts[lighter].append(operation)
            slow = self._explorer.is_slow(operation)
            work[lighter] += SLOW_WORK if slow else len(self._explorer.slots(operation)) + 1
        return parts

    def _attack_afresh(
        self, run: Run, explorer: Explorer, operations: list[Operation], done: Progressing
    ) -> list[Finding]:
        run.fresh()
        judge = Judge(run, self._line)
        prober = Prober(run, explorer, judge)
        again = Again(run, explorer, judge)
        for operation in operations:
            done.one(operation)
            if run.out_of_time:
                run.gap(
                    operation.key, "--max-time passed before it was attacked", "--max-time SECONDS"
                )
                continue
            _keep_usable(run, explorer, operation)
            prober.attack(operation)
            again.after(operation)
        again.everywhere()
        return judge.findings()

    def observe(self) -> None:
        """Ask for every kind of answer, and for what belongs to others."""
        observer = Observer(self._run, self._explorer)
        stay_signed_in(self._run)
        restoring.keep(self._run)
        if self._second is None:
            observer.answers()
            observer.claims()
        else:
            self._both(observer.answers, self._second.claims)
        observer.sort()
        restoring.let_back_in(self._run)
        self._explorer.explore_late()

    def conclude(self) -> list[Finding]:
        """What the rules make of all that was observed."""
        run = self._run
        found: list[Finding] = []
        for rule in run.rules:
            if isinstance(rule, ChecksObservations):
                found += rule.check_observations(run.model, run.seen)
        return found

    def upheld(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings without the suspicions that the answers do not bear out."""
        run = self._run
        rules = {rule.id: rule for rule in run.rules if isinstance(rule, Refutes)}
        return [
            finding
            for finding in findings
            if finding.confidence is not Confidence.SUSPECTED
            or finding.rule not in rules
            or not rules[finding.rule].refuted(finding, run.model, run.seen)
        ]

    @property
    def observations(self) -> Observations:
        """What benign requests showed."""
        return self._run.seen

    @property
    def redactor(self) -> Redactor:
        """Knows the secrets of the identities."""
        return self._run.redactor

    @property
    def refused(self) -> dict[tuple[str, str], str]:
        """What the box stopped while the application ran: (what, detail) to the place."""
        return self._run.refused

    def tell(self, coverage: Coverage) -> None:
        """Add how far each operation was looked at, and who signed in."""
        coverage.operations += covered(self._run)
        coverage.identities += used(self._run, named=self._named)


def _keep_usable(run: Run, explorer: Explorer, operation: Operation) -> None:
    """Earlier probes may have ended a session or deleted what this operation is about, in memory."""
    name = explorer.best_identity(operation)
    draft = explorer.drafts.get(operation.key)
    cell = run.seen.matrix.get(operation.key, {}).get(name)
    if draft is None or cell is None or not cell.answer.ok or run.states[operation.key].lost:
        return
    answer = run.send(draft.request(run.identity(name), run.client()), operation)
    again = answer is not None and answer.status in (401, 403) and name is not None
    if again:
        sign_in_all(run)
        answer = run.send(draft.request(run.identity(name), run.client()), operation)
    lost = answer is not None and answer.status in (401, 403, 404, 410)
    if lost:
        explorer.refresh(operation)
    if again or lost:
        restoring.keep(run)


class Progressing:
    """Counts operations over both children.

    Args:
        run: Gets the progress.
        total: How many there are.
    """

    def __init__(self, run: Run, total: int) -> None:
        self._run = run
        self._total = total
        self._done = 0
        self._lock = threading.Lock()

    def one(self, operation: Operation) -> None:
        """Another one begins."""
        with self._lock:
            self._run.progress(self._done, self._total, operation.key)
            self._done += 1


@dataclass(slots=True)
class _Half:
    """The run in the second child."""

    run: Run
    explorer: Explorer

    def claims(self) -> None:
        """Sign in, make again what exploring made, and send what is made up."""
        stay_signed_in(self.run)
        self.run.visit_pages()
        self.run.recreate()
        restoring.keep(self.run)
        Observer(self.run, self.explorer).claims()

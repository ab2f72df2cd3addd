"""What the parts of the attack engine share during one scan of one application."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from buckler.core.events import GapFound, Listener, Note, Progress
from buckler.core.finding import Finding
from buckler.core.redact import Redactor
from buckler.core.rule import Rule
from buckler.core.settings import Settings
from buckler.scan.engines.app.child import ChildLost
from buckler.scan.engines.attack import restoring
from buckler.scan.engines.attack.canaries import Canaries
from buckler.scan.engines.attack.identities import stay_signed_in
from buckler.scan.engines.attack.restoring import Kept
from buckler.scan.engines.attack.sender import Sender
from buckler.scan.engines.interface import Answer, Exchange, Identity, Probe, Request
from buckler.scan.engines.observations import Observations
from buckler.scan.model.application import AppModel, Operation

MAX_RESTARTS = 8
MAX_FAILURES = 6
ENGINE = "attack"
CHANGING = ("POST", "PUT", "PATCH", "DELETE")
SPARED = "not sent: it may change what is on a server of your own, which --allow names"


@dataclass(slots=True)
class State:
    """How far one operation got.

    Attributes:
        lost: Why no more requests are sent to it, or an empty text.
    """

    reached: bool = False
    authenticated: bool = False
    slots: int = 0
    attacked: int = 0
    status: int | None = None
    identity: str | None = None
    why: str = ""
    lost: str = ""


@dataclass(slots=True)
class Run:
    """One scan of one application by the attack engine."""

    session: Sender
    model: AppModel
    settings: Settings
    rules: tuple[Rule, ...]
    canaries: Canaries[Probe]
    emit: Listener
    deadline: float
    operations: tuple[Operation, ...] = ()
    host: str = "app.test"
    identities: dict[str, Identity] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    seen: Observations = field(default_factory=Observations)
    findings: list[Finding] = field(default_factory=list)
    redactor: Redactor = field(default_factory=Redactor)
    pool: dict[str | None, dict[str, list[str]]] = field(default_factory=dict)
    created: dict[str, list[str]] = field(default_factory=dict)
    signed_in: dict[str, tuple[Request, Answer]] = field(default_factory=dict)
    hints: tuple[str, ...] = ()
    compared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nobody: Identity | None = None
    visit_pages: Callable[[], None] = lambda: None
    recreate: Callable[[], None] = lambda: None
    restarts: int = 0
    refused: dict[tuple[str, str], str] = field(default_factory=dict)
    kept: Kept = field(default_factory=Kept)
    addresses: Iterator[int] = field(default_factory=lambda: itertools.cycle(range(1, 250)))

    def identity(self, name: str | None) -> Identity | None:
        """The identity of a name; for nobody the visitor that pages made of him, or None."""
        return self.identities.get(name) if name else self.nobody

    def visitor(self, name: str | None) -> Identity:
        """The identity of a name, or a visitor without any."""
        return self.identity(name) or Identity("", "", ())

    def keep_visitor(self, name: str | None, identity: Identity) -> None:
        """What is known of a visitor now: cookies and form tokens."""
        if name:
            self.identities[name] = identity
        elif identity.tokens:
            self.nobody = identity

    def gap(self, what: str, why: str, how: str = "") -> None:
        """Say that something was not looked at."""
        self.emit(GapFound(what, why, how))

    def note(self, text: str) -> None:
        """A line for the log."""
        self.emit(Note(ENGINE, text))

    def progress(self, done: int, total: int, text: str) -> None:
        """How far it is."""
        self.emit(Progress(ENGINE, done, total, text))

    @property
    def out_of_time(self) -> bool:
        """Whether ``--max-time`` has passed."""
        return time.monotonic() > self.deadline

    def keep_failure(self, exchange: Exchange) -> None:
        """Keep an answer that tells of an error; a few of each status for each operation."""
        operation, answer = exchange.operation, exchange.answer
        failed = (
            bool(answer.error)
            or (answer.status or 0) >= 500
            or (exchange.reached and (answer.status or 0) >= 400)
        )
        if operation is None or not failed or answer.timeout:
            return
        kept = self.seen.failures.setdefault(operation.key, [])
        alike = [e for e in kept if e.answer.status == answer.status]
        if len(alike) < MAX_FAILURES and answer.body not in [e.answer.body for e in alike]:
            kept.append(exchange)

    def client(self) -> str:
        """An address that is not loopback; another each time, so that limits by address do not
        end the scan.
        """
        return f"203.0.113.{next(self.addresses)}"

    def send(
        self, request: Request, operation: Operation | None = None, *, signs_in: bool = False
    ) -> Answer | None:
        """Send one request; None where it cost the application its life or never ended.

        Args:
            request: What to send.
            operation: What it is for.
            signs_in: Whether it gets somebody's credentials, which a server of the user's own bears.
        """
        if operation is None and not signs_in and self._spares(request.method):
            return None
        for _, answer in self.send_all([request], operation):
            return answer
        return None

    def send_all(
        self, requests: Iterable[Request], operation: Operation | None = None
    ) -> Iterator[tuple[Request, Answer]]:
        """Send requests to one operation; ends early where the application was lost over it.

        The application is started again, signed-in identities included, and the operation is
        left alone from then on.
        """
        state = self.states.get(operation.key) if operation else None
        if state is not None and state.lost:
            return
        if operation is not None and self._spares(operation.method):
            self.states.setdefault(operation.key, State()).lost = SPARED
            self.gap(operation.key, SPARED, "--writes")
            return
        if self.out_of_time:
            self.gap(
                "time", "--max-time has passed; what was left was not sent", "--max-time SECONDS"
            )
            return
        try:
            for request, answer in self.session.send_all(requests):
                self._note_refused(answer)
                restoring.note(self, answer)
                yield request, answer
                if answer.timeout and not answer.ok:
                    raise ChildLost("silent", "it did not answer in time")
        except ChildLost as error:
            self.lose(operation, error)

    def _spares(self, method: str) -> bool:
        """Whether such a request could change what is the user's own."""
        return method in CHANGING and self.session.reads_only

    def twin(self, session: Sender) -> Run:
        """The same run in another child, for half of the work.

        How far each operation got is shared; what it observes is kept apart, so that the order of
        both halves says nothing, until :meth:`join`.
        """
        return replace(
            self,
            session=session,
            canaries=Canaries(self.canaries.prefix, session.plant, part=1),
            identities=dict(self.identities),
            seen=self.seen.apart(),
            findings=[],
            pool={
                name: {k: list(v) for k, v in found.items()} for name, found in self.pool.items()
            },
            created={},
            refused={},
            signed_in={},
            kept=Kept(),
            addresses=itertools.cycle(range(1, 250)),
            restarts=0,
        )

    def join(self, twin: Run) -> None:
        """Take over what the twin observed."""
        self.seen.extend(twin.seen)
        self.refused = {**twin.refused, **self.refused}
        self.session.requests += twin.session.requests
        twin.session.requests = 0

    def fresh(self) -> None:
        """Start the application again, as it was at first, with everybody signed in and what
        exploring had made made again.

        Raises:
            ApplicationError: It does not start any more.
        """
        self.session.restart()
        stay_signed_in(self)
        self.pool.clear()
        self.visit_pages()
        self.recreate()
        restoring.keep(self)

    def _note_refused(self, answer: Answer) -> None:
        """Keep what the box stopped, unless one of our own texts set it off."""
        for item in answer.refused:
            detail = str(item.get("detail"))[:200]
            if not self.canaries.inside(detail):
                key = (str(item.get("what")), detail)
                self.refused.setdefault(key, str(item.get("where", "")))

    def lose(self, operation: Operation | None, error: ChildLost) -> None:
        """Start the application again after it was lost, and leave the operation alone that did it.

        Raises:
            ChildLost: That happens too often.
            ApplicationError: It does not start any more.
        """
        what = operation.key if operation else "the application"
        self.note(f"{what}: {error.message}")
        if operation is not None:
            state = self.states.setdefault(operation.key, State())
            state.lost = error.message
            self.gap(
                operation.key,
                f"{error.message}; it was started again and this operation is left alone",
                f"--exclude '{operation.key}' leaves it out"
                if error.reason != "silent"
                else "--request-timeout SECONDS",
            )
        self.restarts += 1
        if self.restarts > MAX_RESTARTS:
            raise ChildLost(
                error.reason,
                f"the application had to be started {MAX_RESTARTS} times; the last time: {error.message}",
            )
        self.fresh()

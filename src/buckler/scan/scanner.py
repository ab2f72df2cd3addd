"""A scan from target to report: engines run, findings are merged, the report is made."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from buckler import __version__
from buckler.core import registry
from buckler.core.errors import AgentError, ApplicationError, UnreadableFile
from buckler.core.events import (
    EngineFinished,
    EngineStarted,
    Event,
    FindingFound,
    GapFound,
    Listener,
    Note,
)
from buckler.core.finding import Finding, Severity, sort_key
from buckler.core.report import Coverage, Report
from buckler.core.rule import Rule
from buckler.core.settings import ENGINES, Settings
from buckler.scan import compose, outgoing, refusals, starting, stopping
from buckler.scan.accepted import set_apart
from buckler.scan.choices import compared_names
from buckler.scan.containing import Containment
from buckler.scan.described import describe
from buckler.scan.engines.app import leftovers
from buckler.scan.engines.app.engine import check_app, read_model
from buckler.scan.engines.app.environment import given_secrets
from buckler.scan.engines.app.servers.bring import Servers
from buckler.scan.engines.app.session import WALLS, Options, Session
from buckler.scan.engines.attack.canaries import prefix_of
from buckler.scan.engines.attack.engine import AttackEngine
from buckler.scan.engines.packages.engine import PackagesEngine, environment_of, options_of
from buckler.scan.engines.packages.project_files import check_project
from buckler.scan.engines.source.engine import SourceEngine
from buckler.scan.followed import followed
from buckler.scan.hints import host_names, server_kinds
from buckler.scan.inside import Sources
from buckler.scan.merge import attributed, merge
from buckler.scan.model.application import AppModel
from buckler.scan.named import check_named, strays
from buckler.scan.quoted import quoted
from buckler.scan.target import Application, Target

RULES = "buckler.scan.rules"


def load_rules(settings: Settings, folder: Path) -> registry.Registry:
    """The rules of Buckler and those of the project's own folders."""
    return registry.Registry.load(RULES, (folder / path for path in settings.rules))


@dataclass(slots=True)
class _Work:
    """What engines bring, while they work."""

    coverage: Coverage = field(default_factory=Coverage)
    findings: list[Finding] = field(default_factory=list)
    timing: dict[str, float] = field(default_factory=dict)
    failed: str = ""
    started: str = ""
    model: AppModel | None = None
    checked: bool = False


class Scanner:
    """Scans one target.

    Args:
        target: What to scan.
        settings: Settings with the command line's overrides.
        options: How to run the application.
        rules: The rules that may run.
        listen: Gets every event.
        attack: False to send no payloads; the application is still run and explored.
        only: Attack these operations alone.
        index: Of the advisories; None for the usual place.
        installed: Whether the application's environment is read; one that lies in the project is in any case.
    """

    def __init__(
        self,
        target: Target,
        settings: Settings,
        options: Options,
        rules: Iterable[Rule],
        listen: Listener = lambda event: None,
        *,
        attack: bool = True,
        only: frozenset[str] | None = None,
        index: Path | None = None,
        installed: bool = True,
    ) -> None:
        self._target = target
        self._index, self._installed = index, installed
        self._settings = settings
        self._options = options
        self._listen = listen
        self._given = tuple(rules)
        self._containment = Containment(self.emit)
        self._rules = self._containment.around(self._given)
        self._attack = attack
        self._only = only
        self._engines = settings.engines or ENGINES
        self._work = _Work()
        self._sources = Sources(target.folder)

    def scan(self) -> Report:
        """Run the engines and make the report. The target's own folder is left as it is.

        Raises:
            UsageError: ``public`` or ``exclude`` names an operation that there is not; nothing was sent.
            TargetError: The application has not the name by which it was called.
        """
        started = time.monotonic()
        work = self._work
        work.started = datetime.now(UTC).isoformat(timespec="seconds")
        if "source" in self._engines:
            self._timed("source", self._source)
        if "packages" in self._engines:
            self._timed("packages", self._packages)
        if {"app", "attack"}.intersection(self._engines):
            self._applications()
        work.timing["total"] = round(time.monotonic() - started, 3)
        return self._report()

    def emit(self, event: Event) -> None:
        """Pass an event on, keeping gaps for the report."""
        stopping.check()
        if isinstance(event, GapFound) and event not in self._work.coverage.gaps:
            self._work.coverage.gaps.append(event)
        self._listen(event)

    def _timed(self, engine: str, work: Callable[[], None]) -> None:
        self._listen(EngineStarted(engine))
        begun = time.monotonic()
        try:
            work()
        finally:
            seconds = round(time.monotonic() - begun, 3)
            self._work.timing[engine] = self._work.timing.get(engine, 0.0) + seconds
            self._listen(EngineFinished(engine, seconds))

    def _source(self) -> None:
        excluded, kept = self._settings.exclude_files, self._options.kept
        engine = SourceEngine(self._target.folder, self._rules, self.emit, excluded, kept)
        self._add(engine.run())
        if not self._containment.broken:
            engine.keep()
        self._work.coverage.files_total += engine.total
        self._work.coverage.files_parsed += engine.parsed

    def _packages(self) -> None:
        self._add(check_project(self._target.folder, self._rules))
        environment = environment_of(self._target.python) if self._installed else None
        looked = options_of(self._settings, self._index, environment, self._options.kept)
        engine = PackagesEngine(self._target.folder, self._rules, looked, self.emit)
        self._add(engine.run())
        self._work.coverage.packages = engine.coverage()

    def _applications(self) -> None:
        leftovers.sweep()
        self._work.failed = self._target.why
        for gap in self._target.gaps():
            self.emit(gap)
        for application in self._target.applications:
            try:
                self._application(application)
            except (ApplicationError, AgentError) as error:
                self._work.failed = error.message
                hint = leftovers.help_with(error.hint) or error.hint
                self.emit(GapFound(application.label, error.message, hint))
            except OSError as error:
                if error.errno not in leftovers.FULL:
                    raise
                self._work.failed = f"there is no room for temporary files: {error.strerror}"
                self.emit(GapFound(application.label, self._work.failed, leftovers.MAKE_ROOM))
            except (OverflowError, RecursionError) as error:
                # A number or a depth that no honest application has.
                self._work.failed = f"what it answered cannot be handled: {type(error).__name__}"
                self.emit(GapFound(application.label, self._work.failed))

    def _application(self, application: Application) -> None:
        prefix = prefix_of(self._settings.seed)
        with (
            Servers(self._options.database) as servers,
            Session(self._target, application, prefix, self._options) as session,
        ):
            session.servers = servers if self._options.database != "none" else None
            try:
                model = self._start(session, application)
                self._timed("app", lambda: self._add(check_app(model, self._rules)))
                if late := self._attacked(session, model, prefix, wanting=True):
                    session.stop()
                    self._attacked(session, self._start(session, application, late), prefix)
            finally:
                for gap in starting.cut_short(session, servers):
                    self._work.failed = f"{gap.what}: {gap.why}"
                    self.emit(gap)

    def _attacked(
        self, session: Session, model: AppModel, prefix: str, *, wanting: bool = False
    ) -> tuple[str, ...]:
        """Explore it and go on; or name the servers with which to begin again, if it is ``wanting``."""
        attacks = self._attack and "attack" in self._engines and self._may_attack()
        late: tuple[str, ...] = ()
        with AttackEngine(
            session,
            model,
            self._settings,
            self._rules,
            prefix,
            self.emit,
            self._line,
            host_names(self._target.folder),
            compared=compared_names(self._target.folder),
            earlier=self._work.findings,
            attacks=attacks,
            secrets=given_secrets(self._options.env_file, self._options.passed),
        ) as engine:
            try:
                late = self._explore(session, engine, wanting)
                if not late:
                    self._run(engine, attacks)
            finally:
                if not late:
                    self._tell(session, engine)
        return late

    def _explore(self, session: Session, engine: AttackEngine, wanting: bool) -> tuple[str, ...]:
        late: tuple[str, ...] = ()
        try:
            self._timed("explore", engine.explore)
            late = starting.asked_late(session) if wanting else ()
        finally:
            if not late:
                self._refused((what, detail, at) for (what, detail), at in engine.refused.items())
        return late

    def _tell(self, session: Session, engine: AttackEngine) -> None:
        """What turned out, whether it ran to its end or not."""
        engine.tell(self._work.coverage)
        self._work.coverage.requests += session.requests
        self._needed(session)
        stood = outgoing.told(session.outgoing, engine.redactor)
        self._work.coverage.outgoing += stood
        for gap in outgoing.gaps(stood):
            self.emit(gap)
        self.emit(Note("app", engine.redactor.text(session.output())))

    def _may_attack(self) -> bool:
        """Whether a wall stands in the kernel, or somebody asked to go on without."""
        walls = self._work.coverage.walls
        asked = "attack" in self._settings.engines or self._options.walls != WALLS
        if asked or any(walls.get(wall) for wall in WALLS):
            return True
        why = "no payloads were sent: on this system no wall in the kernel stands around the application"
        self.emit(GapFound("attack", why, "--engines source,app,attack,packages"))
        return False

    def _run(self, engine: AttackEngine, attacks: bool) -> None:
        self._timed("observe", engine.observe)
        if attacks:
            self._timed("attack", lambda: self._add(engine.attack(self._only), told=True))
        elif not self._attack:
            self.emit(GapFound("attack", "no payloads were sent", "leave --no-attack out"))
        self._add(engine.conclude())
        self._work.findings = engine.upheld(self._work.findings)

    def _start(
        self, session: Session, application: Application, late: tuple[str, ...] = ()
    ) -> AppModel:
        self._listen(EngineStarted("app"))
        guessed = late or server_kinds(self._target.folder)
        started = starting.start(session, guessed, self.emit)
        work = self._work
        if session.servers is not None and session.servers.seconds:
            work.timing["servers"] = round(session.servers.seconds, 3)
        work.coverage.walls = {**started.walls, "hooks": self._options.hooks}
        for wall in WALLS:
            if wall not in self._options.walls:
                self.emit(GapFound(f"wall: {wall}", "left out by --walls", "leave --walls out"))
        for wall, why in started.why.items():
            self.emit(GapFound(f"wall: {wall}", why))
        model = read_model(started.model, self._target.folder, application, self._settings)
        self._check_named(application, model)
        self._made_up(model.made_up)
        if model.lifespan_failed:
            why = f"the start-up code failed: {model.lifespan_failed}"
            hint = "what it wanted may need --allow HOST:PORT or --env-file FILE"
            hint += ", or --writes for a server of yours" if session.reads_only else ""
            self.emit(GapFound("lifespan", why, hint))
        if failed := str(started.model.get("data_failed") or ""):
            self.emit(GapFound("data", f"{self._options.data} failed: {failed}"[:700]))
        self._refused(
            (str(item.get("what")), str(item.get("detail")), str(item.get("where", "")))
            for item in started.model.get("refused", [])
        )
        work.model = model if late else work.model or model
        return model

    def _check_named(self, application: Application, model: AppModel) -> None:
        """Before anything is sent: do the settings name operations that there are?"""
        if self._work.checked:
            return
        self._work.checked = True
        models = [model]
        if strays(self._settings, models):
            others = [a for a in self._target.applications if a != application]
            models += [m for other in others if (m := self._peek(other)) is not None]
            if len(models) <= len(others):
                return  # what does not start may have it
        check_named(self._settings, models)

    def _peek(self, application: Application) -> AppModel | None:
        prefix = prefix_of(self._settings.seed)
        with Session(self._target, application, prefix, self._options) as session:
            try:
                data = session.start().model
                return read_model(data, self._target.folder, application, self._settings)
            except (ApplicationError, AgentError):
                return None  # it is reported when its turn comes

    def _refused(self, items: Iterable[tuple[str, str, str]]) -> None:
        for gap in refusals.gaps(items, self._target.folder):
            self.emit(gap)

    def _made_up(self, names: Iterable[str]) -> None:
        for name in names:
            why = "it was missing; a value was made up"
            self.emit(GapFound(f"setting {name}", why, "--env-file FILE"))

    def _needed(self, session: Session) -> None:
        """What turned out while the application ran, in whichever of its children."""
        self._made_up(sorted(session.made_up))
        servers = session.servers
        for wanted in session.wanted:
            by = servers.answered_by(wanted.kind) if servers is not None else ""
            self._work.coverage.servers[wanted] = "allowed" if wanted.allowed else by
        for gap in starting.unanswered(session, self._options.allow):
            self.emit(gap)
        self._composed(servers)
        for wall, why in sorted(session.fallen.items()):
            self.emit(GapFound(f"wall: {wall}", why))

    def _composed(self, servers: Servers | None) -> None:
        """What the project starts beside the application, and what of it was brought."""
        try:
            seen = compose.services(self._target.folder)
        except UnreadableFile as error:
            self.emit(GapFound("compose file", str(error)))
            return
        for service in seen:
            by = servers.answered_by(service.kind) if servers is not None else ""
            self._work.coverage.services[service] = by

    def _add(self, findings: Iterable[Finding], *, told: bool = False) -> None:
        """Keep findings, and tell the listener unless the engine did."""
        for finding in findings:
            self._work.findings.append(finding)
            if not told:
                self._listen(FindingFound(finding))

    def _line(self, path: str, line: int) -> str:
        return self._sources.line(path, line).strip()

    def _report(self) -> Report:
        work = self._work
        merged = attributed(merge(work.findings, self._line), work.model)
        merged = followed(merged, work.coverage, attacks="attack" in work.timing)
        folder, settings = self._target.folder, self._settings
        kept, suppressed, gaps = set_apart(merged, self._line, folder, settings, work.started)
        for gap in gaps:
            self.emit(gap)
        kept.sort(key=sort_key)
        kept, suppressed, excerpts = quoted(self._sources, folder, kept, suppressed, work.model)
        return Report(
            tool={"name": "buckler", "version": __version__, "rules": len(self._rules)},
            target=describe(self._target, work.model, self._engines, self._settings.seed),
            findings=tuple(kept),
            coverage=work.coverage,
            rules={rule.id: rule for rule in self._given},
            broken=tuple(sorted(self._containment.broken)),
            timing=work.timing,
            suppressed=tuple(suppressed),
            excerpts=excerpts,
            failed=work.failed,
            min_coverage=self._settings.min_coverage,
            fail_on=Severity(self._settings.fail_on),
            started=work.started,
            operations_expected=bool({"app", "attack"}.intersection(self._engines)),
        )

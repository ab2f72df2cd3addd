"""One scan of a project or its copy, with what a repair is judged by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from buckler.core.events import Listener
from buckler.core.finding import Confidence, Finding
from buckler.core.report import Report
from buckler.core.rule import Rule
from buckler.core.settings import ENGINES, Settings
from buckler.scan.engines.app.session import Options
from buckler.scan.engines.interface import Attacks
from buckler.scan.fix.benign import Benign, Recorder
from buckler.scan.fix.variants import Sent, widened
from buckler.scan.model.application import Place
from buckler.scan.scanner import Scanner
from buckler.scan.target import Target


@dataclass(frozen=True, slots=True)
class Look:
    """What a scan showed.

    Attributes:
        report: Its report.
        benign: Answers to benign requests by operation and identity.
        sent: By rule: payloads that its attacks sent.
        code: By operation: its handler and the dependencies before it.
        limited: Operations, by identity, that answered that there were too many requests: of those nothing is known.
    """

    report: Report
    benign: Benign
    sent: dict[str, Sent] = field(default_factory=dict)
    code: dict[str, tuple[Place, ...]] = field(default_factory=dict)
    limited: frozenset[tuple[str, str]] = frozenset()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found, that which the project suppresses included: it must not grow either."""
        return (*self.report.findings, *(finding for finding, _ in self.report.suppressed))


class Looker:
    """Scans the same way again and again.

    Args:
        settings: Of the scan.
        options: How to run the application.
        rules: The rules that may run.
        listen: Gets every event.
        index: Of the advisories; None for the usual place.
    """

    def __init__(
        self,
        settings: Settings,
        options: Options,
        rules: Sequence[Rule],
        listen: Listener,
        index: Path | None = None,
    ) -> None:
        self._settings = settings
        self._options = options
        self._rules = rules
        self._listen = listen
        self._index = index

    @property
    def runs_code(self) -> bool:
        """Whether the application is run, so that attacks and answers can be compared."""
        return bool({"app", "attack"}.intersection(self._settings.engines or ENGINES))

    def look(
        self, target: Target, proved: Iterable[Finding] = (), *, installed: bool = True
    ) -> Look:
        """Scan a folder.

        Args:
            target: The project or its copy.
            proved: Findings whose attacks are sent again with variants.
            installed: Whether the packages of the application's environment are looked at.
        """
        slots: dict[str, set[str]] = {}
        for finding in proved:
            if finding.location.slot and finding.confidence is Confidence.PROVED:
                slots.setdefault(finding.rule, set()).add(finding.location.slot)
        sent: dict[str, Sent] = {}
        rules: list[Rule] = []
        for rule in self._rules:
            if rule.id in slots and isinstance(rule, Attacks):
                rule, sent[rule.id] = widened(rule, slots[rule.id])
            rules.append(rule)
        recorder = Recorder()
        scanner = Scanner(
            target,
            self._settings,
            self._options,
            (*rules, recorder),
            self._listen,
            index=self._index,
            installed=installed,
        )
        report = scanner.scan()
        tool = {**report.tool, "rules": len(self._rules)}
        known = {key: rule for key, rule in report.rules.items() if key != recorder.id}
        return Look(
            replace(report, tool=tool, rules=known),
            recorder.benign,
            sent,
            recorder.code,
            frozenset(recorder.limited),
        )

"""Closes findings by what people said of them, and opens those again whose statement is over.

A finding that was looked at and found harmless hides the next one; a statement that nobody looks at any more hides what
has changed since. Both are shown: closed ones with the reason, statements that are over as a gap.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from buckler.core.events import GapFound
from buckler.core.finding import VEX, Finding, Proof
from buckler.core.settings import Settings
from buckler.scan.engines.packages.documents.bill import Application, application_of
from buckler.scan.engines.packages.documents.reading import statements
from buckler.scan.engines.packages.documents.state import State, advice, shown
from buckler.scan.engines.packages.documents.statements import Statement
from buckler.scan.engines.packages.inventory.model import Problem
from buckler.scan.engines.packages.matching import Weakness
from buckler.scan.engines.packages.seen import PackageSeen

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of one weakness in one version.

    Attributes:
        statement: That counts: the latest; of several of one moment one that leaves it open.
        over: Why it does not count any more; empty where it does.
    """

    statement: Statement
    over: str = ""


@dataclass(slots=True)
class Answers:
    """All that people said.

    Args:
        said: The statements.
        application: That they are about.
        now: For what is over.
        max_age: Days after which a statement that closes is over.
        problems: What could not be read.
        derived: Whether ``not_affected`` is stated where a scan saw no call.
    """

    said: Iterable[Statement]
    application: Application
    now: datetime
    max_age: float = math.inf
    problems: tuple[Problem, ...] = ()
    derived: bool = False
    _by_name: dict[str, list[Statement]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for statement in self.said:
            for name in statement.vulnerabilities:
                self._by_name.setdefault(name, []).append(statement)

    def about(self, package: str, version: str, names: Iterable[str]) -> Answer | None:
        """What is said of a weakness; None where nobody says anything.

        Args:
            package: Normalised name.
            version: That the project has.
            names: Of the weakness.
        """
        matching = [
            statement
            for name in dict.fromkeys(name.upper() for name in names)
            for statement in self._by_name.get(name, ())
            if any(p.is_about(package, version, self.application) for p in statement.products)
        ]
        if not matching:
            return None
        latest = max(matching, key=lambda said: (said.at or _LONG_AGO, not said.status.closes))
        return Answer(latest, self._over(latest) if latest.status.closes else "")

    def _over(self, statement: Statement) -> str:
        if statement.expires is not None and statement.expires <= self.now:
            return f"it ended on {statement.expires.date()}"
        if math.isinf(self.max_age):
            return ""
        if statement.at is None:
            return f"it has no date, and vex-max-age is {self.max_age:g} days"
        if self.now - statement.at > timedelta(days=min(self.max_age, 1_000_000)):
            return f"it is of {statement.at.date()}, and vex-max-age is {self.max_age:g} days"
        return ""

    def state(self, seen: PackageSeen, weakness: Weakness) -> State:
        """What a document says of a weakness: what people said of it, else what was shown."""
        answer = self.about(seen.package.name, seen.package.version, weakness.names)
        if answer is None or answer.over:
            return shown(seen, weakness, derived=self.derived)
        said = answer.statement
        notes = " ".join(part for part in (said.notes, f"Stated in {said.place}.") if part)
        closed = said.status.closes
        action = "" if closed else said.action or advice(seen, weakness)
        return State(said.status, said.justification, said.why, notes, action)


def answers_of(folder: Path, settings: Settings, now: datetime) -> Answers:
    """What the files say that a project's settings name.

    Args:
        folder: Of the project.
        settings: Its ``vex`` and ``vex_max_age``.
        now: For what is over.
    """
    said, problems = statements(folder, settings.vex)
    return Answers(said, application_of(folder), now, settings.vex_max_age, problems)


def close(
    findings: Iterable[Finding], answers: Answers
) -> tuple[list[Finding], list[tuple[Finding, str]], list[GapFound]]:
    """Set apart the findings about weaknesses that people said do not matter here.

    Returns:
        Findings that stay; those set apart, with the reason; files that could not be read and statements that are over.
    """
    gaps = [
        GapFound(f"{p.path}:{p.line}" if p.line else p.path, p.what, p.hint)
        for p in answers.problems
    ]
    kept: list[Finding] = []
    apart: list[tuple[Finding, str]] = []
    for finding in findings:
        advisories = [proof for proof in finding.proof if proof.kind == "advisory"]
        found = [_answer(proof, answers) for proof in advisories]
        closing = _closing(found)
        if closing:
            places = ", ".join(dict.fromkeys(statement.place for statement in closing))
            told = replace(finding, context={**finding.context, VEX: places})
            apart.append((told, " · ".join(dict.fromkeys(s.reason for s in closing))))
            continue
        kept.append(finding)
        gaps.extend(_gap(a, finding) for a in found if a is not None and a.over)
    return kept, apart, list(dict.fromkeys(gaps))


def _answer(proof: Proof, answers: Answers) -> Answer | None:
    data = proof.data
    names = [str(data.get("advisory", "")), *(str(name) for name in data.get("aliases", ()))]
    return answers.about(str(data.get("package", "")), str(data.get("installed", "")), names)


def _closing(found: Sequence[Answer | None]) -> list[Statement]:
    """The statements by which all of a finding is closed; none where a part of it is open."""
    closing = [a.statement for a in found if a is not None and not a.over]
    closing = [statement for statement in closing if statement.status.closes]
    return closing if len(closing) == len(found) else []


def _gap(answer: Answer, finding: Finding) -> GapFound:
    said = answer.statement
    what = f"the statement that {finding.subject} is {said.status.value} is over: {answer.over}"
    return GapFound(said.place, what, "look at it again, and state it anew or install the update")

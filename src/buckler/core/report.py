"""A report: what was found, what was looked at, what was not, and the grade."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from buckler.core.events import GapFound
from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Rule
from buckler.core.score import Score, score

SCHEMA = "buckler-report/1"


@dataclass(frozen=True, slots=True)
class OperationCoverage:
    """How far one operation was looked at.

    Attributes:
        operation: ``METHOD /route/{template}``.
        reached: The handler's own code was entered.
        authenticated: It was entered by a request that carried an identity.
        slots: Number of places where input goes.
        attacked: Number of those that got payloads.
        identity: Name of the identity that reached it, None for nobody.
        status: Status of the best answer to a benign request.
        why: Why it was not reached, in words; empty where it was.
    """

    operation: str
    reached: bool
    authenticated: bool
    slots: int
    attacked: int
    identity: str | None = None
    status: int | None = None
    why: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The JSON shape of the report."""
        return {
            "operation": self.operation,
            "reached": self.reached,
            "authenticated": self.authenticated,
            "slots": self.slots,
            "attacked": self.attacked,
            "identity": self.identity,
            "status": self.status,
            "why": self.why,
        }


SERVER_NAMES = {
    "postgresql": "PostgreSQL",
    "mysql": "MySQL",
    "redis": "Redis",
    "mongodb": "MongoDB",
}


@dataclass(frozen=True, slots=True, order=True)
class ServerWanted:
    """A server that the application asked for; its password is never kept.

    Attributes:
        kind: ``postgresql``, ``mysql``, ``mongodb`` or ``redis``.
        driver: Package whose connection was about to be made.
        host: As in the application's settings.
        port: The same.
        database: Name or number, where the driver was given one.
        where: ``file:line`` of the application's code that connected first, or an empty text.
        allowed: Whether it is one of the user's own, which ``--allow`` names and which was used.
    """

    kind: str
    driver: str
    host: str
    port: str
    database: str
    where: str = field(compare=False)
    allowed: bool = field(default=False, compare=False)

    @property
    def address(self) -> str:
        """``db:5432/shop``."""
        return f"{self.host}:{self.port}" + (f"/{self.database}" if self.database else "")


@dataclass(frozen=True, slots=True, order=True)
class OutgoingCall:
    """A request to somebody else's API that the scan answered in its place.

    Attributes:
        method: HTTP method.
        url: Address without user and query; ``*`` stands for what varies or looks like a secret.
        source: ``recorded`` where the project has an example, ``made`` where the code that asked
            told what it reads.
        where: ``file:line`` of the application's code that asked, or an empty text.
        why: Why nothing could be read of that code, so that the answer was an empty one.
    """

    method: str
    url: str
    source: str
    where: str
    why: str = ""

    @property
    def address(self) -> str:
        """``rates.example:443``, as ``--allow`` takes it."""
        scheme, _, rest = self.url.partition("://")
        host = rest.partition("/")[0]
        named = ":" in host.rpartition("]")[2]
        return host if named else f"{host}:{443 if scheme == 'https' else 80}"


@dataclass(frozen=True, order=True, slots=True)
class ServiceSeen:
    """A service that the project's compose file starts beside the application.

    Attributes:
        file: ``compose.yaml`` or how it is called.
        name: Of the service.
        image: As it is written.
        kind: As of :class:`ServerWanted`, or an empty text where it is none of them.
    """

    file: str
    name: str
    image: str
    kind: str


@dataclass(frozen=True, slots=True)
class IdentityUsed:
    """Who sent requests.

    Attributes:
        name: As the report calls it.
        role: ``user``, ``admin`` or what else the settings or the application call it.
        source: ``settings``, ``signup`` for an account that the scan made, ``application`` for one that the application
            brings along.
        request: That signed it up or in, as ``METHOD /path``; or an empty text.
    """

    name: str
    role: str
    source: str
    request: str


@dataclass(frozen=True, slots=True)
class PackageCoverage:
    """What of the packages was looked at.

    Attributes:
        inventories: Files, environments and folders that were read: path and number of packages.
        versions: Packages with a version, each counted once.
        open: Packages of which no file says the version, so that nothing can be known of them.
        advisories: Records that they were matched against.
        date: When the newest of these was changed; RFC 3339, empty where there is no index.
        outdated: Why that counts as not looked at; empty where it does not.
        pins: Each version of each package, as JSON values: enough to match it again with later advisories.
    """

    inventories: tuple[tuple[str, int], ...]
    versions: int
    open: int
    advisories: int
    date: str
    outdated: str = ""
    pins: tuple[Mapping[str, Any], ...] = ()


@dataclass(slots=True)
class Coverage:
    """What the scan looked at, and what it did not."""

    operations: list[OperationCoverage] = field(default_factory=list)
    files_total: int = 0
    files_parsed: int = 0
    gaps: list[GapFound] = field(default_factory=list)
    walls: dict[str, bool] = field(default_factory=dict)
    requests: int = 0
    servers: dict[ServerWanted, str] = field(default_factory=dict)
    """What was asked for, to what answered instead: ``scratch``, or nothing."""
    services: dict[ServiceSeen, str] = field(default_factory=dict)
    """What the compose file starts, to what was brought instead: as ``servers`` has it."""
    outgoing: tuple[OutgoingCall, ...] = ()
    identities: list[IdentityUsed] = field(default_factory=list)
    packages: PackageCoverage | None = None
    """None where packages were not looked at."""

    @property
    def reached_share(self) -> float:
        """Share of operations that were reached, 0 to 1; 1 where there are none."""
        if not self.operations:
            return 1.0
        return sum(item.reached for item in self.operations) / len(self.operations)

    def as_dict(self) -> dict[str, Any]:
        """The JSON shape of the report."""
        items = self.operations
        return {
            "operations": {
                "total": len(items),
                "reached": sum(item.reached for item in items),
                "authenticated": sum(item.authenticated for item in items),
                "attacked": sum(item.reached and item.attacked > 0 for item in items),
            },
            "files": {"total": self.files_total, "parsed": self.files_parsed},
            "requests": self.requests,
            "walls": dict(self.walls),
            "servers": [{**asdict(s), "answered_by": by} for s, by in sorted(self.servers.items())],
            "services": [{**asdict(s), "answered_by": by} for s, by in self.services.items()],
            "outgoing": [asdict(call) for call in self.outgoing],
            "identities": [asdict(one) for one in self.identities],
            "packages": asdict(self.packages) if self.packages else None,
            "gaps": [gap.as_dict() for gap in self.gaps],
            "by_operation": [item.as_dict() for item in items],
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one scan.

    Attributes:
        target: What was scanned: name, kind, application, FastAPI and Python versions.
        findings: Graded findings, worst first.
        known: Findings of the baseline, shown apart.
        suppressed: Findings with an inline ``# buckler: ignore[ID] reason``, and the reason.
        rules: The rules that ran, by id.
        excerpts: Lines of code around each finding's place, by fingerprint:
            ``[(line, text), ...]``.
        timing: Seconds of wall time by engine, and ``total``.
        failed: Why the application could not be run, or an empty text.
        fail_on: Least severity with which a finding makes the scan fail.
        started: When the scan began, ISO 8601 in UTC; empty where it is not known.
        broken: Ids of rules that raised an error; what they did not look at is a gap.
    """

    tool: Mapping[str, Any]
    target: Mapping[str, Any]
    findings: tuple[Finding, ...]
    coverage: Coverage
    rules: Mapping[str, Rule]
    timing: Mapping[str, float]
    known: tuple[Finding, ...] = ()
    suppressed: tuple[tuple[Finding, str], ...] = ()
    excerpts: Mapping[str, tuple[tuple[int, str], ...]] = field(default_factory=dict)
    failed: str = ""
    min_coverage: float = 0.9
    operations_expected: bool = False
    fail_on: Severity = Severity.HIGH
    started: str = ""
    broken: tuple[str, ...] = ()

    @property
    def score(self) -> Score:
        """The grade of the findings that are not in the baseline."""
        return score(self.findings)

    @property
    def reached_too_little(self) -> bool:
        """Whether the grade says little: it did not run, was hardly reached, or old advisories say nothing."""
        packages = self.coverage.packages
        return (
            bool(self.failed)
            or (self.operations_expected and self.coverage.reached_share < self.min_coverage)
            or bool(packages and packages.outdated)
        )

    def exit_code(self, fail_on: Severity) -> int:
        """3 a rule broke, 4 reached too little, 1 findings that count at ``fail_on``, else 0."""
        if self.broken:
            return 3
        if self.reached_too_little:
            return 4
        return int(bool(self.failing(fail_on)))

    def failing(self, fail_on: Severity) -> tuple[Finding, ...]:
        """Findings that make a scan fail: of this severity or worse, and more than suspected.

        A suspicion is no hole (DESIGN.md, principle 1), so it is shown and graded but stops nobody.
        """
        return tuple(
            f
            for f in self.findings
            if f.severity.at_least(fail_on) and f.confidence is not Confidence.SUSPECTED
        )

    def counts(self) -> dict[Severity, int]:
        """Number of findings of each severity, worst first."""
        return {s: sum(f.severity is s for f in self.findings) for s in Severity}

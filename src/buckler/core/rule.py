"""What a rule is: one weakness, one class, one file.

The class holds everything that is known of the weakness: its names in the catalogues, the
guide (the docstring), code that has it and code that has not, and how to find it. Tests,
documentation pages, ``buckler rule ID`` and the SARIF metadata are read off the class.

How a rule finds its weakness is said by the hooks it has. A hook is a plain method; an
engine calls the rules that have the hook it knows:

====================== ==========  ====================================================
hook                   engine      called with
====================== ==========  ====================================================
``check_source``       source      one parsed module
``flows``              source      input on its way to one of the sinks that it names
``check_call``         source      a call, with what its arguments may be
``check_app``          app         the model of the application
``check_observations`` attack      the model, and what benign requests showed
``check_site``         live        TLS and files of a running site
``attack``             attack      one slot; gives the payloads to send
``check_hit``          attack      a dangerous call that one of its payloads reached
``check_exchange``     attack      an answer that carries one of its canaries
``check_project``      packages    the manifests and other files of the project
``check_package``      packages    one package in one version, and what is known against it
``check_inventory``    packages    one lock, environment or folder of wheels as a whole
====================== ==========  ====================================================

``refuted`` is asked by the attack engine about what source had a rule suspect: whether the answers that
were seen show that it does not hold, because something else in the application sees to it.

A rule that can repair what it found has ``fix_source`` beside them, which no engine calls:
``buckler fix`` does, with the file opened for editing and one finding (docs/fixers.md).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from buckler.core.errors import RuleError
from buckler.core.finding import Confidence, Finding, Location, Proof, Severity

HOOKS = (
    "check_source",
    "flows",
    "check_call",
    "check_app",
    "check_observations",
    "check_site",
    "attack",
    "check_hit",
    "check_exchange",
    "check_project",
    "check_package",
    "check_inventory",
)
HEADINGS = (
    "What it is",
    "Why it matters",
    "How to fix",
    "How to check",
    "Roll-out",
    "References",
)
FAMILIES = {
    "ACC": "access",
    "AUT": "auth",
    "INJ": "injection",
    "EXP": "exposure",
    "HDR": "headers",
    "TRA": "transport",
    "EGR": "egress",
    "SEC": "secrets",
    "CFG": "config",
    "ERR": "errors",
    "LOG": "logging",
    "PKG": "packages",
}
_ID = re.compile(r"^([A-Z]{3})(\d{3})$")
_NAME = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*$")


@dataclass(frozen=True, slots=True)
class Example:
    """A small application that has the weakness, or does the same thing without it.

    Attributes:
        main: Source of ``main.py``.
        files: Further files by relative path.
        settings: Text of ``[tool.buckler]`` beyond what the example runner writes.
        line: 1-based line of ``main.py`` on which the finding is expected (bad ones), where
            it is worth pinning down.
    """

    main: str
    files: Mapping[str, str] = field(default_factory=dict)
    settings: str = ""
    line: int | None = None

    def sources(self) -> dict[str, str]:
        """All files of the example by relative path, indentation removed."""
        return {"main.py": inspect.cleandoc(self.main) + "\n"} | {
            path: inspect.cleandoc(text) + "\n" for path, text in self.files.items()
        }


@dataclass(frozen=True, slots=True)
class Fix:
    """How a weakness is closed.

    Attributes:
        summary: One line that can stand in a terminal: what to write instead.
        before: The shape of the code that has the weakness.
        after: The same, closed.
        safe: Whether the change can be made without a person looking at it, by a rule that makes
            it: see :attr:`Rule.fixable`.
    """

    summary: str
    before: str = ""
    after: str = ""
    safe: bool = False


class Rule:
    """One weakness. Subclass it once, in a file of its own below ``buckler.scan.rules``.

    Attributes:
        id: Three letters of the family and a number; never reused.
        name: The lasting name in words, ``sql-injection``.
        title: For people.
        severity: What it is worth where nothing is known of the surroundings.
        cwe: Numbers of the Common Weakness Enumeration, the main one first.
        owasp: List, year and item: ``API1:2023``, ``A05:2025``.
        asvs: Requirements of OWASP ASVS 5.0: ``V1.2.4``.
        control: The part of guard that closes it, by its dotted name below ``buckler``, or an empty text.
        confirmed: What the abstract run has to show of a line that ``check_source`` names: ``reached`` (a
            request comes to it) or ``compared`` (input is compared there); an empty text for nothing.
        bad: Applications that have the weakness.
        good: Applications that look alike and have not.
        fix: How to close it, or None where only the guide can say.
        words: At least one of them stands in every file in which ``check_source`` can find something;
            other files it is not asked about. Empty where there are no such words.
        excused: A fact of the whole project (``scan.engines.source.flow.facts``) with which nothing that this rule
            reads in source is a finding; empty where there is none.
    """

    id: ClassVar[str]
    name: ClassVar[str]
    title: ClassVar[str]
    severity: ClassVar[Severity]
    cwe: ClassVar[tuple[int, ...]]
    owasp: ClassVar[tuple[str, ...]]
    asvs: ClassVar[tuple[str, ...]] = ()
    control: ClassVar[str] = ""
    confirmed: ClassVar[str] = ""
    bad: ClassVar[tuple[Example, ...]]
    good: ClassVar[tuple[Example, ...]]
    fix: ClassVar[Fix | None] = None
    words: ClassVar[tuple[str, ...]] = ()
    excused: ClassVar[str] = ""

    @property
    def guide(self) -> str:
        """The guide in Markdown, from the docstring of the class."""
        return inspect.cleandoc(type(self).__doc__ or "")

    @property
    def summary(self) -> str:
        """The first line of the guide."""
        return self.guide.partition("\n")[0]

    @property
    def family(self) -> str:
        """The folder that the rule belongs to, e.g. ``injection``."""
        return FAMILIES[self.id[:3]]

    @property
    def fixable(self) -> str:
        """``safe`` or ``reviewed`` where ``buckler fix`` can close it; empty where a person has to."""
        if not hasattr(self, "fix_source"):
            return ""
        return "safe" if self.fix is not None and self.fix.safe else "reviewed"

    def fix_data(self) -> dict[str, object] | None:
        """How to close it in the JSON shape of the report; None where only the guide can say."""
        if self.fix is None:
            return None
        return {
            "summary": self.fix.summary,
            "before": self.fix.before,
            "after": self.fix.after,
            "safe": self.fixable == "safe",
        }

    def hooks(self) -> tuple[str, ...]:
        """The hooks this rule has, in the order of ``HOOKS``."""
        return tuple(hook for hook in HOOKS if hasattr(self, hook))

    def sections(self) -> dict[str, str]:
        """The guide by heading."""
        parts = re.split(r"^## (.+)$", self.guide, flags=re.MULTILINE)
        return {
            head.strip(): text.strip() for head, text in zip(parts[1::2], parts[2::2], strict=True)
        }

    def found(
        self,
        message: str,
        *,
        confidence: Confidence,
        location: Location | None = None,
        proof: tuple[Proof, ...] = (),
        severity: Severity | None = None,
        anchor: str = "",
        subject: str = "",
    ) -> Finding:
        """A finding of this rule."""
        return Finding(
            rule=self.id,
            message=message,
            severity=severity or self.severity,
            confidence=confidence,
            location=location or Location(),
            proof=proof,
            anchor=anchor,
            subject=subject,
        )

    def validate(self) -> None:
        """Check that the class is whole.

        Raises:
            RuleError: An attribute, heading, example or hook is missing or malformed.
        """
        where = f"{type(self).__module__}.{type(self).__qualname__}"
        missing = [
            name
            for name in ("id", "name", "title", "severity", "cwe", "owasp", "bad", "good")
            if not getattr(self, name, None)
        ]
        if missing:
            raise RuleError(f"{where} lacks {', '.join(missing)}")
        matched = _ID.match(self.id)
        if matched is None or matched.group(1) not in FAMILIES:
            raise RuleError(f"{where}: id {self.id!r} is not a known family and three digits")
        if not _NAME.match(self.name):
            raise RuleError(f"{where}: name {self.name!r} is not lower-case words with hyphens")
        absent = [heading for heading in HEADINGS if not self.sections().get(heading)]
        if absent:
            raise RuleError(f"{where}: the guide lacks {', '.join(absent)}")
        if not self.hooks():
            raise RuleError(f"{where} has no hook; it has one of {', '.join(HOOKS)}")

"""PKG010: what production installs holds test tools and debuggers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from buckler.core.finding import Confidence, Finding, Location, Proof, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.packages.inventory.model import MAIN, Package
from buckler.scan.engines.packages.seen import InventorySeen
from buckler.scan.rules._support.packages import some
from buckler.scan.rules.packages._tables.workshop import DEBUGGERS, TOOLS

APP = """
from fastapi import FastAPI

app = FastAPI()
"""
LOCK = """
version = 1

[[package]]
name = "shop"
source = { virtual = "." }
dependencies = [{ name = "fastapi" }%s]

[package.dev-dependencies]
dev = [{ name = "pytest" }, { name = "debugpy" }]

[[package]]
name = "fastapi"
version = "0.165.0"
source = { registry = "https://index.example/simple" }

[[package]]
name = "pytest"
version = "9.0.1"
source = { registry = "https://index.example/simple" }

[[package]]
name = "debugpy"
version = "1.8.17"
source = { registry = "https://index.example/simple" }
"""
_STATES: Final = ("environment", "wheels", "folder", "script")
"""Inventories that do not say what production is meant to have."""
_WORKSHOP: Final = re.compile(
    r"(?:^|[/_.-])(?:all|ci|dev|devel|development|doc|docs|format|lint|local|qa|style|test|tests|testing|tools"
    r"|typing)(?:[/_.-]|$)",
    re.IGNORECASE,
)
"""Files that say by their name that production does not install them."""


class ToolsInProduction(Rule):
    """Production installs what only the workshop needs: test tools, linters, debuggers.

    ## What it is
    The project itself asks for such a package among its main dependencies, instead of in a group or an extra of its
    own. What comes along with another package is not meant.

    ## Why it matters
    A debugger is a way in: ``debugpy`` and ``remote-pdb`` open a port on which anybody runs code, and a forgotten
    ``breakpoint()`` stops the worker. Each package more is code that can be taken over, and whose advisories
    somebody has to read; to an attacker inside they are tools that lie ready.

    ## How to fix
    Move them: ``[dependency-groups] dev = ["pytest"]`` (PEP 735) and ``uv sync --no-dev`` or ``poetry install
    --only main`` in the image; with requirements files, a ``requirements-dev.txt`` that begins with
    ``-r requirements.txt``.

    ## How to check
    ``pip list`` in the image.

    ## Roll-out
    Debuggers first.

    ## References
    CWE-489, CWE-1357; OWASP A05:2021, A02:2025; ASVS 5.0 V13.4.2, V15.2.3.
    """

    id = "PKG010"
    name = "tools-in-production"
    title = "Test tools or debuggers in production"
    severity = Severity.LOW
    cwe = (489, 1357)
    owasp = ("A05:2021", "A02:2025")
    asvs = ("V13.4.2", "V15.2.3")
    fix = Fix(
        "move them to a group of their own",
        before='dependencies = ["fastapi", "pytest"]',
        after='dependencies = ["fastapi"]\n[dependency-groups]\ndev = ["pytest"]',
    )
    bad = (
        Example(APP, files={"requirements.txt": "fastapi==0.165.0\npytest==9.0.1\nruff==0.17.0\n"}),
        Example(APP, files={"requirements.txt": "fastapi==0.165.0\ndebugpy==1.8.17\n"}),
        Example(APP, files={"uv.lock": LOCK % ', { name = "pytest" }'}),
    )
    good = (
        Example(
            APP,
            files={
                "requirements.txt": "fastapi==0.165.0\npluggy==1.6.0\n",
                "requirements-dev.txt": "-r requirements.txt\npytest==9.0.1\ndebugpy==1.8.17\n",
            },
        ),
        Example(APP, files={"uv.lock": LOCK % ""}),
    )

    def check_inventory(self, seen: InventorySeen) -> Iterable[Finding]:
        """At most one finding for the tools and one for the debuggers of each inventory."""
        if seen.inventory.kind in _STATES:
            return
        asked = [
            p
            for p in seen.inventory.packages
            if p.direct and MAIN in p.groups and not _WORKSHOP.search(p.path)
        ]
        # A file that holds nothing else is the workshop's, whatever its name.
        if all(p.name in TOOLS | DEBUGGERS for p in asked):
            return
        debuggers = [p for p in asked if p.name in DEBUGGERS]
        if debuggers:
            what = "a debugger can show and change everything in the application"
            yield self._made(debuggers, what, Severity.MEDIUM)
        tools = [p for p in asked if p.name in TOOLS]
        if tools:
            yield self._made(tools, "only the workshop needs it", self.severity)

    def _made(self, found: Sequence[Package], what: str, severity: Severity) -> Finding:
        names = [package.name for package in found]
        return self.found(
            f"Production installs {some(names)}: {what}.",
            confidence=Confidence.OBSERVED,
            location=Location(found[0].path, found[0].line or None),
            severity=severity,
            proof=(Proof("setting", {"name": "main dependencies", "value": names}),),
            anchor="debuggers" if severity is Severity.MEDIUM else "tools",
        )

"""PKG012: a version that its publisher took back."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Location, Proof, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.packages.seen import PackageSeen
from buckler.scan.rules.packages._tables.yanked import UNSTATED, reason

APP = """
from fastapi import FastAPI

app = FastAPI()
"""


class YankedVersion(Rule):
    """A package is used in a version that its publisher took back.

    ## What it is
    The version was yanked (PEP 592): the index gives it only to those who name exactly this one, as a lock or a pin
    does. The finding says the reason where the publisher gave one.

    ## Why it matters
    Publishers take a version back because it is broken, was published by mistake or by somebody else, or has a
    weakness. Nothing of that reaches a project whose lock names it.

    ## How to fix
    Take the next version: change the pin, or ``uv lock --upgrade-package NAME``, ``poetry update NAME``,
    ``pip-compile --upgrade-package NAME``.

    ## How to check
    ``pip download --no-deps NAME==VERSION`` warns of a yanked version.

    ## Roll-out
    As any update. Where the reason is an attack, treat the machines that have it as taken over.

    ## References
    CWE-1104, CWE-1395; OWASP A06:2021, A03:2025; ASVS 5.0 V15.2.1; PEP 592.
    """

    id = "PKG012"
    name = "yanked-version"
    title = "Version that its publisher took back"
    severity = Severity.LOW
    cwe = (1104, 1395)
    owasp = ("A06:2021", "A03:2025")
    asvs = ("V15.2.1",)
    fix = Fix("take the next version", before="requests==2.32.1", after="requests==2.32.5")
    bad = (
        Example(APP, files={"requirements.txt": "fastapi==0.165.0\nrequests==2.32.1\n"}),
        Example(APP, files={"requirements.txt": "Cryptography[ssh]==37.0.3\n"}),
    )
    good = (
        Example(APP, files={"requirements.txt": "requests==2.32.5\ncryptography>=37.0.3\n"}),
        Example(
            APP, files={"requirements.txt": "requests==2.32.1.post1\nrequests-oauthlib==2.0.0\n"}
        ),
    )

    def check_package(self, seen: PackageSeen) -> Iterable[Finding]:
        """One finding for each such version."""
        package = seen.package
        if package.source != "index" or not package.version:
            return
        why = package.yanked or reason(package.name, package.version)
        if not why:
            return
        said = "" if why == UNSTATED else f": {why.strip().rstrip('.')[:300]}"
        path, line = seen.places[0]
        yield self.found(
            f"{package.name} {package.version} was taken back by its publisher{said}.",
            confidence=Confidence.OBSERVED,
            location=Location(path, line or None),
            proof=(Proof("setting", {"name": package.name, "value": package.version}),),
            anchor=package.name,
            subject=f"{package.name} {package.version}",
        )

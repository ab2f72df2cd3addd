"""PKG006: a package whose name is a slip away from a well-known one."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Location, Proof, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.packages.seen import PackageSeen
from buckler.scan.rules.packages._tables.slips import meant

APP = """
from fastapi import FastAPI

app = FastAPI()
"""
LOCK = """
version = 1

[[package]]
name = "shop"
source = { virtual = "." }
dependencies = [{ name = "%s" }]

[[package]]
name = "%s"
version = "1.0.0"
source = { registry = "https://index.example/simple" }
"""


class LookalikePackage(Rule):
    """A package's name is one slip of the finger away from a well-known one.

    ## What it is
    Two letters have changed places, one is missing, doubled or another, a hyphen is elsewhere, or the name is that
    of the module instead of the package. The finding names the package that was probably meant.

    ## Why it matters
    Such names are registered on purpose. What is behind them runs at installation and at import, with the rights
    of the developer, the build and the server; many were copies of the real package that also send its secrets away.

    ## How to fix
    Correct the name, in the manifest and in the lock. Where it was installed already, treat the machine as read by
    a stranger: change the secrets that were on it. Where the name is the right one, say so with ``ignore`` or a
    baseline.

    ## How to check
    Read the page of the package on its index: since when it is there, who publishes it, where its source is.

    ## Roll-out
    At once.

    ## References
    CWE-1357, CWE-494; OWASP A08:2021, A03:2025; ASVS 5.0 V15.2.4; CAPEC-630.
    """

    id = "PKG006"
    name = "lookalike-package"
    title = "Package with the name of another one, almost"
    severity = Severity.MEDIUM
    cwe = (1357, 494)
    owasp = ("A08:2021", "A03:2025")
    asvs = ("V15.2.4",)
    fix = Fix("correct the name", before="reqeusts==2.32.5", after="requests==2.32.5")
    bad = (
        Example(APP, files={"requirements.txt": "fastapi==0.165.0\nreqeusts==2.32.5\n"}),
        Example(APP, files={"requirements.txt": "pydanttic\nSQLAlchmey==2.1.0\n"}),
        Example(APP, files={"uv.lock": LOCK % ("yaml", "yaml")}),
    )
    good = (
        Example(
            APP,
            files={
                "requirements.txt": "requests==2.32.5\ncattrs==25.3.0\nhttpx2==2.16.2\nijson==3.4.0\nboto==2.49.0\nboto3==1.42.0\n"
            },
        ),
        Example(
            APP,
            files={"requirements.txt": "fastapi-cache3==1.0\nshop-labels==1.4.0\nredis-om==1.0\n"},
        ),
        Example(
            APP,
            files={
                "requirements.txt": "reqeusts @ git+https://git.example/our/reqeusts@5f3c1a2b9d8e7f60415263748596a7b8c9d0e1f2\n"
            },
        ),
    )

    def check_package(self, seen: PackageSeen) -> Iterable[Finding]:
        """One finding for each such name."""
        if seen.package.source != "index":
            return
        known, how = meant(seen.package.name)
        if not known:
            return
        malicious = any(weakness.malicious for weakness in seen.weaknesses)
        path, line = seen.named
        yield self.found(
            f"{seen.package.name} is not {known}: {how}.",
            confidence=Confidence.OBSERVED if malicious else Confidence.SUSPECTED,
            location=Location(path, line or None),
            severity=Severity.CRITICAL if malicious else self.severity,
            proof=(
                Proof(
                    "setting", {"name": "package", "value": seen.package.name, "expected": known}
                ),
            ),
            anchor=seen.package.name,
            subject=seen.package.name,
        )

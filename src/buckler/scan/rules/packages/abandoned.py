"""PKG005: a package that nobody maintains any more."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Location, Proof, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.packages.seen import PackageSeen
from buckler.scan.rules.packages._tables.abandoned import ABANDONED, SILENT, Abandoned

APP = """
from fastapi import FastAPI

app = FastAPI()
"""
LOCK = """
version = 1

[[package]]
name = "shop"
source = { virtual = "." }
dependencies = [{ name = "shop-labels" }]

[[package]]
name = "shop-labels"
version = "1.4.0"
dependencies = [{ name = "%s" }]

[[package]]
name = "%s"
version = "%s"
"""


class AbandonedPackage(Rule):
    """A package is used that its maintainers have left.

    ## What it is
    Its maintainers said that they look after it no more, it goes on under another name, Python itself has what it is
    for, or nothing was released for years. The finding says which, since when, and what took its place.

    ## Why it matters
    The next weakness that is found in it stays open, for there is nobody who would close it; no scanner will ever
    name a version without it. A name that nobody guards is also what somebody takes over. It weighs more where the
    package checks tokens and passwords or parses what strangers send.

    ## How to fix
    Move to what the finding names. For ``python-jose``: ``pyjwt`` or ``joserfc``; for ``passlib``: ``pwdlib``, which
    verifies the same hashes and replaces them one by one as people sign in.

    ## How to check
    Scan again; ``uv tree --invert --package NAME`` or ``pip show NAME`` says what else brings it.

    ## Roll-out
    Those that guard something first. Where another package brings it, ask its maintainers, or leave that one too.

    ## References
    CWE-1104; OWASP A06:2021, A03:2025; ASVS 5.0 V15.1.4, V15.2.1.
    """

    id = "PKG005"
    name = "abandoned-package"
    title = "Package that nobody maintains"
    severity = Severity.MEDIUM
    cwe = (1104,)
    owasp = ("A06:2021", "A03:2025")
    asvs = ("V15.1.4", "V15.2.1")
    fix = Fix("move to the package that took its place", before="python-jose", after="pyjwt")
    bad = (
        Example(APP, files={"requirements.txt": "fastapi==0.165.0\nPython_JOSE[cryptography]\n"}),
        Example(APP, files={"requirements.txt": "aioredis==2.0.1\n"}),
        Example(APP, files={"uv.lock": LOCK % ("pycrypto", "pycrypto", "2.6.1")}),
    )
    good = (
        Example(
            APP,
            files={
                "requirements.txt": "pyjwt==2.15.1\npwdlib==0.3.0\nredis==7.0.0\nbcrypt==5.0.0\n"
            },
        ),
        Example(
            APP,
            files={
                "requirements.txt": 'dataclasses==0.8 ; python_version < "3.7"\nfastapi==0.165.0\n'
            },
        ),
        Example(APP, files={"uv.lock": LOCK % ("pycryptodome", "pycryptodome", "4.4.0")}),
    )

    def check_package(self, seen: PackageSeen) -> Iterable[Finding]:
        """One finding for each such package."""
        known = ABANDONED.get(seen.package.name)
        if (
            known is None
            or seen.package.source != "index"
            or "python_version" in seen.package.marker
        ):
            return
        path, line = seen.named
        yield self.found(
            _told(seen, known),
            confidence=Confidence.OBSERVED,
            location=Location(path, line or None),
            severity=_rated(seen, known),
            proof=(_proof(seen, known),),
            anchor=known.name,
            subject=known.name,
        )


def _rated(seen: PackageSeen, known: Abandoned) -> Severity:
    if not seen.package.in_production:
        return Severity.INFO
    # What another package brings, the project can only ask for.
    return Severity.MEDIUM if known.guards and len(seen.way) < 2 else Severity.LOW


def _told(seen: PackageSeen, known: Abandoned) -> str:
    when = f" {known.year}" if known.why == SILENT else f" ({known.year})"
    way = f" It comes by {' > '.join(seen.way[:-1])}." if len(seen.way) > 1 else ""
    return f"{known.name} {known.why}{when}; use {known.successor}.{way}"


def _proof(seen: PackageSeen, known: Abandoned) -> Proof:
    return Proof(
        "setting",
        {
            "name": known.name,
            "value": seen.package.version or "any version",
            "expected": known.successor,
            "since": known.year,
            "source": f"https://{known.source}",
        },
    )

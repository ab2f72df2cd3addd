"""PKG002: packages whose content nobody checks."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Project
from buckler.scan.model.requirements import requirement_files
from buckler.scan.rules._support.packages import some


class UnhashedDependency(Rule):
    """Packages are installed by name and version, without a check of what they contain.

    ## What it is
    A requirements file names versions and no hashes, so whatever the index sends under that version is
    installed.

    ## Why it matters
    An index, a mirror or a proxy that was broken into, or a second index that has the same name, can
    send something else. A hash is what you tested, and nothing else.

    ## How to fix
    ``uv pip compile --generate-hashes requirements.in -o requirements.txt`` (or pip-compile), and install with
    ``pip install --require-hashes -r requirements.txt``.

    ## How to check
    Change one digit of a hash: the installation must fail.

    ## Roll-out
    All requirements need hashes at once, those of requirements included; the compiler writes them.

    ## References
    CWE-353, CWE-494; OWASP A08:2021, A03:2025; ASVS 5.0 V15.1.2.
    """

    id = "PKG002"
    name = "unhashed-dependency"
    title = "Dependency without a hash"
    severity = Severity.LOW
    cwe = (353, 494)
    owasp = ("A08:2021", "A03:2025")
    asvs = ("V15.1.2",)
    fix = Fix(
        "add the hashes: uv pip compile --generate-hashes requirements.in -o requirements.txt",
        before="fastapi==0.165.0",
        after="fastapi==0.165.0 --hash=sha256:…",
        safe=True,
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()
            """,
            files={
                "requirements.txt": """
                fastapi==0.165.0 \\
                    --hash=sha256:896f48462042bb4f162147eb8fac7e858753dc1f486765709baf105d70e4fc5b
                uvicorn==0.40.0
                """,
            },
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()
            """,
            files={
                "requirements.txt": """
                fastapi==0.165.0 \\
                    --hash=sha256:896f48462042bb4f162147eb8fac7e858753dc1f486765709baf105d70e4fc5b \\
                    --hash=sha256:dd94d4128319c1e1d50535ab023ab698f850a4d2822f0e181747b46f4ff3c0ab  # both files
                """,
            },
        ),
    )

    def check_project(self, project: Project) -> Iterable[Finding]:
        """One finding for each file, at the first version without a hash."""
        for path, listed in requirement_files(project).items():
            bare = [item for item in listed if item.pinned and not item.hashed]
            if bare:
                yield self.found(
                    f"{path} has no hash for {some([i.name for i in bare])}.",
                    confidence=Confidence.OBSERVED,
                    location=Location(bare[0].path, bare[0].line),
                )

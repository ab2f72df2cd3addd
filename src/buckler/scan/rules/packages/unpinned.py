"""PKG001: dependencies of which any version will do."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Project
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.requirements import pyprojects, requirement_files
from buckler.scan.rules._support.packages import some
from buckler.scan.rules.packages._fixes.installed import pinned_as_installed

PROJECT = """
[project]
name = "shop"
version = "1"
dependencies = ["fastapi", "uvicorn==0.40.0"]
"""


class UnpinnedDependency(Rule):
    """The version of a dependency is decided anew at every installation.

    ## What it is
    A requirement has no version, or a range, and no lock file beside it says which one was tested.

    ## Why it matters
    A new release, taken over or broken, is in production with the next build, and nobody decided it.
    Two machines built on the same day run different code. An advisory cannot be matched against a range.

    ## How to fix
    ``uv lock`` or ``uv pip compile --generate-hashes requirements.in -o requirements.txt``, and keep the
    result in the repository; let a bot propose the updates.

    ## How to check
    Install twice, a month apart: ``pip freeze`` must show the same.

    ## Roll-out
    Lock what runs today, then update one by one.

    ## References
    CWE-1104, CWE-1357; OWASP A03:2025; ASVS 5.0 V15.1.2.
    """

    id = "PKG001"
    name = "unpinned-dependency"
    title = "Dependency without a version"
    severity = Severity.LOW
    cwe = (1104, 1357)
    owasp = ("A06:2021", "A03:2025")
    asvs = ("V15.1.2",)
    fix = Fix(
        "pin what runs: uv pip compile --generate-hashes requirements.in -o requirements.txt",
        before="fastapi",
        after="fastapi==0.165.0",
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()
            """,
            files={
                "requirements.txt": "-r more.txt\n",
                "more.txt": "fastapi[standard]>=0.165\n",
                "venv/lib/python3.13/site-packages/fastapi-0.165.0.dist-info/METADATA": "Name: fastapi\n",
            },
        ),
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()
            """,
            settings=PROJECT,
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
                -r requirements.txt
                -c constraints.txt
                fastapi
                uvicorn==0.40.0 ; python_version > "3.11"
                shop-labels @ git+https://example.com/labels@5f3c1a2b9d8e7f60415263748596a7b8c9d0e1f2
                -e .
                this is ( no requirement
                """,
                "constraints.txt": "fastapi==0.165.0\n",
                "uv.lock": "version = 1\n",
            },
            settings=PROJECT,
        ),
    )

    def check_project(self, project: Project) -> Iterable[Finding]:
        """One finding for each file, at the first requirement without a version."""
        for path, listed in requirement_files(project).items():
            loose = [item for item in listed if not item.pinned]
            if loose:
                yield self._made(
                    Location(loose[0].path, loose[0].line), [i.name for i in loose], path
                )
        for path, listed in pyprojects(project).items():
            loose = [item for item in listed if not item.pinned]
            if loose:
                yield self._made(Location(path, loose[0].line), [i.name for i in loose], path)

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The versions of the environment that lies in the project; nothing is asked of an index."""
        names = pinned_as_installed(draft)
        told = "every installation takes these versions until somebody changes them, security updates included"
        return (
            draft.repair(f"pins {some(names)} as installed", safe=False, changes=told)
            if names
            else None
        )

    def _made(self, location: Location, names: list[str], path: str) -> Finding:
        return self.found(
            f"{path} leaves the version of {some(names)} open.",
            confidence=Confidence.OBSERVED,
            location=location,
        )

"""PKG003: a second index that can answer for any name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Project
from buckler.scan.model.requirements import options, read, requirement_files
from buckler.scan.rules.packages._tables.indexes import ANY, FIRST, indexes

_OPTION = re.compile(r"^(?:--extra-index-url[=\s]|(?:-f|--find-links)[=\s]*[\"']?https?:)")
_FLAG = re.compile(r"--extra-index-url[=\s]|(?:\s-f|--find-links)[=\s]+[\"']?https?:")
_TOOL = re.compile(r"\b(?:pip3?|uv|pip-compile|pip-sync)\b")
_VARIABLE = re.compile(
    r"\b(?:(?:PIP|UV)_EXTRA_INDEX_URL\s*[=:\s]\s*[\"']?[^\s\"']|PIP_FIND_LINKS\s*[=:\s]\s*[\"']?https?:"
    r"|UV_INDEX_STRATEGY\s*[=:\s]\s*[\"']?unsafe)"
)
_CONFIG = re.compile(r"^\s*(?:extra-index-url\s*=|find-links\s*=\s*https?:)", re.IGNORECASE)
_FILES = re.compile(
    r"(^|/)(Dockerfile[\w.-]*|Containerfile[\w.-]*|[\w.-]+\.(sh|ya?ml|env|dockerfile)|\.env[\w.-]*|Makefile"
    r"|justfile)$"
)
_PIP = re.compile(r"(^|/)pip\.(conf|ini)$")
APP = """
from fastapi import FastAPI

app = FastAPI()
"""


class ExtraPackageIndex(Rule):
    """A second package index stands beside the first, and either may answer for any name.

    ## What it is
    ``--extra-index-url`` or a ``--find-links`` that leads to another host (or their variables, or their like in
    pip.conf, Poetry, PDM and uv) adds an index. pip asks both and takes the highest version, wherever it comes from.
    uv takes the first index that has the name; there the added one can answer for every public name.

    ## Why it matters
    Somebody registers the name of your internal package on PyPI with version 99, and your next build
    installs it: dependency confusion.

    ## How to fix
    Use one index that serves both (a proxy) with ``--index-url``; or bind names to indexes: uv's
    ``[tool.uv.sources]`` with ``explicit = true``, Poetry's ``priority = "explicit"``. Hashes for every
    requirement close it too.

    ## How to check
    ``pip download --no-deps NAME -v`` shows which index a package comes from.

    ## Roll-out
    Register the internal names on PyPI, empty, before you change anything.

    ## References
    CWE-427; OWASP A08:2021, A03:2025; ASVS 5.0 V15.2.4.
    """

    id = "PKG003"
    name = "extra-package-index"
    title = "Second package index"
    severity = Severity.MEDIUM
    cwe = (427,)
    owasp = ("A08:2021", "A03:2025")
    asvs = ("V15.2.4",)
    fix = Fix(
        "use one index that serves both: --index-url https://proxy.example/simple",
        before="--extra-index-url https://packages.example/simple",
        after="--index-url https://proxy.example/simple",
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()
            """,
            files={
                "requirements.txt": """
                --extra-index-url https://packages.example/simple
                fastapi==0.165.0
                """,
                "Dockerfile": """
                FROM python:3.13-slim
                RUN pip install --extra-index-url https://packages.example/simple shop-labels
                """,
            },
        ),
        Example(
            APP,
            files={
                "Dockerfile": """
                FROM python:3.14-slim
                RUN pip install --no-cache-dir \\
                    --extra-index-url https://packages.example/simple \\
                    shop-labels
                """,
            },
        ),
        Example(
            APP,
            settings="""
[[tool.uv.index]]
name = "ours"
url = "https://packages.example/simple"
""",
        ),
        Example(
            APP,
            files={
                "compose.yml": "services:\n  web:\n    environment:\n      PIP_EXTRA_INDEX_URL: https://packages.example/simple\n"
            },
        ),
        Example(
            APP,
            files={
                "deploy/pip.conf": "[global]\nextra-index-url = https://packages.example/simple\n"
            },
        ),
    )
    good = (
        Example(
            APP,
            files={
                "requirements.txt": "--find-links wheels\nfastapi==0.165.0\n",
                "install.sh": "pip install --no-index --find-links wheels shop-labels\n",
            },
            settings="""
[[tool.uv.index]]
name = "ours"
url = "https://packages.example/simple"
explicit = true

[[tool.poetry.source]]
name = "ours"
url = "https://packages.example/simple"
""",
        ),
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()
            """,
            files={
                "requirements.txt": """
                --index-url https://proxy.example/simple
                # --extra-index-url https://packages.example/simple
                fastapi==0.165.0
                """,
                "dev/requirements.txt": """
                --extra-index-url https://packages.example/simple
                fastapi==0.165.0 --hash=sha256:896f48462042bb4f162147eb8fac7e858753dc1f486765709baf105d70e4fc5b
                """,
            },
        ),
    )

    def check_project(self, project: Project) -> Iterable[Finding]:
        """Extra indexes in requirements, configurations, build files and manifests."""
        for path, line in _found(project):
            yield self._made(path, line, ANY, self.severity)
        for path in project.files:
            if PurePosixPath(path).name in ("pyproject.toml", "uv.toml"):
                for line, told in indexes(path, project.read(path)):
                    yield self._made(
                        path, line, told, Severity.LOW if told == FIRST else self.severity
                    )

    def _made(self, path: str, line: int, told: str, severity: Severity) -> Finding:
        return self.found(
            told,
            confidence=Confidence.OBSERVED,
            location=Location(path, line),
            severity=severity,
        )


def _found(project: Project) -> Iterator[tuple[str, int]]:
    listed = {item.path for items in requirement_files(project).values() for item in items}
    for path in sorted({*requirement_files(project), *listed}):
        items = read(project, path)
        lines = list(options(project, path))
        if (items and all(item.hashed for item in items)) or any(
            text.startswith("--no-index") for _, text in lines
        ):
            continue
        yield from ((path, number) for number, text in lines if _OPTION.match(text))
    for path in project.files:
        if _PIP.search(path):
            for number, text in enumerate(project.read(path).splitlines(), 1):
                if _CONFIG.search(text):
                    yield path, number
        elif _FILES.search(path):
            yield from ((path, number) for number in _commanded(project.read(path)))


def _commanded(text: str) -> Iterator[int]:
    """The lines of a build file that give a second index, to a command that may have begun above."""
    tool = goes_on = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        if not goes_on:
            tool = False
        flag = _FLAG.search(line)
        before = line[: flag.start()] if flag else line
        tool = tool or _TOOL.search(before) is not None
        if (flag and tool) or _VARIABLE.search(line):
            yield number
        goes_on = line.rstrip().endswith("\\")

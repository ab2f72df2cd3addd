"""PKG003: a second index that can answer for any name."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Project
from buckler.scan.model.requirements import options, read, requirement_files

_OPTION = re.compile(r"^--extra-index-url[=\s]")
_COMMAND = re.compile(
    r"\b(?:pip3?|uv)\b.*--extra-index-url[=\s]|\b(?:PIP|UV)_EXTRA_INDEX_URL\s*[=:\s]\s*[\"']?\S+"
)
_CONFIG = re.compile(r"^\s*extra-index-url\s*=\s*\S*", re.IGNORECASE)
_FILES = re.compile(
    r"(^|/)(Dockerfile[\w.-]*|Containerfile[\w.-]*|[\w.-]+\.(sh|ya?ml)|Makefile|justfile)$"
)
_PIP = re.compile(r"(^|/)pip\.(conf|ini)$")


class ExtraPackageIndex(Rule):
    """A second package index stands beside the first, and either may answer for any name.

    ## What it is
    ``--extra-index-url`` (or its variable, or its like in Poetry and uv) adds an index. pip asks both and takes
    the highest version, wherever it comes from.

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
    )
    good = (
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
        """Extra indexes in requirements, configurations, build files and pyproject.toml."""
        for path, line in _found(project):
            yield self.found(
                "A second package index may answer for any name, so a stranger's package can take the place of yours.",
                confidence=Confidence.OBSERVED,
                location=Location(path, line),
            )


def _found(project: Project) -> Iterator[tuple[str, int]]:
    listed = {item.path for items in requirement_files(project).values() for item in items}
    for path in sorted({*requirement_files(project), *listed}):
        items = read(project, path)
        if items and all(item.hashed for item in items):
            continue
        yield from (
            (path, number) for number, text in options(project, path) if _OPTION.match(text)
        )
    for path in project.files:
        if PurePosixPath(path).name == "pyproject.toml":
            line = _in_pyproject(project.read(path))
            if line:
                yield path, line
        elif _FILES.search(path) or _PIP.search(path):
            pattern = _CONFIG if _PIP.search(path) else _COMMAND
            for number, text in enumerate(project.read(path).splitlines(), 1):
                if not text.lstrip().startswith("#") and pattern.search(text):
                    yield path, number


def _in_pyproject(text: str) -> int:
    """The line of a second index that is not bound to names; 0 where there is none."""
    try:
        tool = tomllib.loads(text).get("tool", {})
    except tomllib.TOMLDecodeError:
        return 0
    if not isinstance(tool, Mapping):
        return 0
    uv = tool.get("uv", {}) if isinstance(tool.get("uv"), Mapping) else {}
    poetry = tool.get("poetry", {}) if isinstance(tool.get("poetry"), Mapping) else {}
    wanted = ""
    if str(uv.get("index-strategy", "")).startswith("unsafe"):
        wanted = "index-strategy"
    for source in poetry.get("source") or ():
        if isinstance(source, Mapping) and (
            source.get("priority") in ("supplemental", "secondary") or source.get("secondary")
        ):
            wanted = str(source.get("name", "tool.poetry.source"))
    at = text.find(wanted) if wanted else -1
    return text.count("\n", 0, at) + 1 if at >= 0 else 0

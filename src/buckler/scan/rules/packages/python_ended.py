"""PKG009: a Python that gets no security fixes any more."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from buckler.core import toml
from buckler.core.finding import Confidence, Finding, Location, Proof, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Project
from buckler.scan.engines.packages.inventory.environment import KIND
from buckler.scan.engines.packages.seen import InventorySeen
from buckler.scan.rules._support.dockerfiles import instructions, is_dockerfile
from buckler.scan.rules.packages._tables.python_ends import ENDS, ended

APP = """
from fastapi import FastAPI

app = FastAPI()
"""
_IMAGE = re.compile(
    r"(?:^|/)(?:python|pypy)(?::|\d*-(?=\d))(?P<tag>\d+\.\d+)|(?:^|/)uv:python(?P<uv>\d+\.\d+)"
    r"|(?:^|/)uvicorn-gunicorn[\w-]*:python(?P<tiangolo>\d+\.\d+)"
)
_VERSION = re.compile(r"^\s*(?:c?python-?|pypy)?(\d+)\.(\d+)(?:\.\d+)?\s*(?:#.*)?$", re.IGNORECASE)


class PythonEnded(Rule):
    """The application runs on a Python that gets no security fixes any more.

    ## What it is
    The image in a Dockerfile, ``.python-version``, ``runtime.txt``, the environment or ``requires-python`` names a
    version whose five years (PEP 602) are over.

    ## Why it matters
    Weaknesses in what parses addresses, mails, archives, XML and TLS are published for it and closed in later ones
    only. Packages leave it too: their next security fix cannot be installed.

    ## How to fix
    Take a version that gets fixes: ``FROM python:3.14-slim``, and run the tests on it. In ``requires-python`` state
    the oldest one that you still run.

    ## How to check
    ``python -VV`` where it runs; the status of each version is in the developer's guide of Python.

    ## Roll-out
    One minor version at a time, with warnings as errors in the tests.

    ## References
    CWE-1104, CWE-1395; OWASP A06:2021, A03:2025; ASVS 5.0 V15.2.1; PEP 602.
    """

    id = "PKG009"
    name = "python-out-of-support"
    title = "Python without security fixes"
    severity = Severity.MEDIUM
    cwe = (1104, 1395)
    owasp = ("A06:2021", "A03:2025")
    asvs = ("V15.2.1",)
    fix = Fix(
        "take a Python that gets fixes",
        before="FROM python:3.8-slim",
        after="FROM python:3.14-slim",
    )
    bad = (
        Example(APP, files={"Dockerfile": "FROM --platform=linux/amd64 python:3.8-slim AS base\n"}),
        Example(APP, files={".python-version": "3.7.17\n"}),
        Example(APP, files={"Dockerfile": "ARG PY=3.6\nFROM docker.io/library/python:${PY}\n"}),
        Example(
            APP, settings='[project]\nname = "shop"\nversion = "1"\nrequires-python = "<3.9"\n'
        ),
    )
    good = (
        Example(
            APP,
            files={
                "Dockerfile": "FROM python:3.14-slim\nFROM node:3.8\nFROM python:3\n",
                ".python-version": "3.14\n",
                "other/.python-version": "shop-env\n",
            },
            settings='[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.12"\n',
        ),
        Example(APP, files={"Dockerfile": "FROM python:3.99-rc-slim\n# FROM python:3.6\n"}),
    )

    def check_project(self, project: Project) -> Iterable[Finding]:
        """One finding for each place that names one."""
        for path in project.files:
            name = PurePosixPath(path).name
            if is_dockerfile(name):
                yield from self._stated(path, _images(project.read(path)))
            elif name in (".python-version", "runtime.txt"):
                yield from self._stated(path, list(_lines(project.read(path)))[:1])
            elif name == "pyproject.toml":
                yield from self._required(path, project.read(path))

    def check_inventory(self, seen: InventorySeen) -> Iterable[Finding]:
        """The environment's own."""
        found = _VERSION.match(seen.inventory.python) if seen.inventory.kind == KIND else None
        if found:
            path = f"{seen.inventory.path}/pyvenv.cfg"
            yield from self._stated(path, [(int(found.group(1)), int(found.group(2)), None)])

    def _stated(self, path: str, found: Iterable[tuple[int, int, int | None]]) -> Iterator[Finding]:
        for major, minor, line in found:
            day = ended((major, minor), datetime.now(UTC).date())
            if day is not None:
                text = f"Python {major}.{minor} gets no security fixes since {day.isoformat()}."
                yield self._made(text, path, line, f"{major}.{minor}", self.severity)

    def _required(self, path: str, text: str) -> Iterator[Finding]:
        """What is asked of the interpreter; that an old one is admitted beside others is only a note."""
        asked = _requires(text)
        if asked is None:
            return
        admitted = [v for v in sorted(ENDS) if asked.contains(f"{v[0]}.{v[1]}.99")]
        old = [v for v in admitted if ended(v, datetime.now(UTC).date())]
        if not old:
            return
        at = text.find("requires-python")
        line = text.count("\n", 0, at) + 1
        names = ", ".join(f"{major}.{minor}" for major, minor in old[-3:])
        alone = len(old) == len(admitted)
        told = f"requires-python admits {'only ' if alone else ''}Python without security fixes: {names}."
        yield self._made(told, path, line, str(asked), self.severity if alone else Severity.INFO)

    def _made(
        self, told: str, path: str, line: int | None, value: str, severity: Severity
    ) -> Finding:
        return self.found(
            told,
            confidence=Confidence.OBSERVED,
            location=Location(path, line),
            severity=severity,
            proof=(Proof("setting", {"name": "Python", "value": value}),),
            anchor=value,
        )


def _images(text: str) -> Iterator[tuple[int, int, int | None]]:
    given: dict[str, str] = {}
    for one in instructions(text):
        if one.name == "ARG":
            key, equals, value = one.text.partition("=")
            if equals:
                given[key.strip()] = value.strip().strip("\"'")
        if one.name != "FROM":
            continue
        image = next((w for w in one.text.split() if not w.startswith("--")), "")
        image = re.sub(
            r"\$\{?(\w+)(?::-([^}]*))?\}?",
            lambda m: given.get(m[1], m[2] or ""),
            image,
        )
        found = _IMAGE.search(image)
        if found:
            major, minor = (found["tag"] or found["uv"] or found["tiangolo"]).split(".")
            yield int(major), int(minor), one.line


def _lines(text: str) -> Iterator[tuple[int, int, int | None]]:
    for number, line in enumerate(text.splitlines(), 1):
        found = _VERSION.match(line)
        if found and len(found.group(1)) < 3 and len(found.group(2)) < 4:
            yield int(found.group(1)), int(found.group(2)), number


def _requires(text: str) -> SpecifierSet | None:
    try:
        project = toml.loads(text).get("project")
    except (tomllib.TOMLDecodeError, RecursionError):
        return None  # the inventory tells of it
    asked = project.get("requires-python") if isinstance(project, Mapping) else None
    try:
        return SpecifierSet(asked) if isinstance(asked, str) and asked.strip() else None
    except InvalidSpecifier:
        return None

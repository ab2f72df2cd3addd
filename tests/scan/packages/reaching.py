"""Projects that come to a known weakness of PyYAML in one way or another, looked at as ``buckler packages`` does."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

from buckler.core.events import Event, GapFound
from buckler.scan.engines.packages.engine import PackageOptions, PackagesEngine
from buckler.scan.engines.packages.reach.level import Reach
from buckler.scan.rules.packages.known_vulnerability import KnownVulnerability
from tests.scan.packages.shop import record, write

LOCK = """
version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "fastapi"
version = "0.165.0"
source = { registry = "https://index.example/simple" }
dependencies = [{ name = "starlette" }]

[[package]]
name = "starlette"
version = "1.10.0"
source = { registry = "https://index.example/simple" }

[[package]]
name = "pyyaml"
version = "5.3.1"
source = { registry = "https://index.example/simple" }

[[package]]
name = "shop"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "fastapi" }, { name = "pyyaml" }]
"""
ANOTHER_USER = LOCK.replace(
    'dependencies = [{ name = "starlette" }]',
    'dependencies = [{ name = "starlette" }, { name = "pyyaml" }]',
)
CVE = "CVE-2020-14343"
APP_LINES = """from fastapi import FastAPI
import yaml

app = FastAPI()


@app.post("/read")
def read(text: str):
"""
"""An application to which one line of a route is added."""


def advisory(package: str = "PyYAML", name: str = CVE, fixed: str = "5.4", **more: object) -> str:
    """A record of a weakness that the table of symbols knows."""
    return record(1, package, fixed, aliases=[name], **more)


def project(folder: Path, sources: Mapping[str, str], **more: str) -> Path:
    """A project with a lock in which PyYAML is vulnerable; ``lock`` and ``record`` take another one."""
    files = {name: textwrap.dedent(text).lstrip("\n") for name, text in sources.items()}
    lock, said = more.get("lock", LOCK), more.get("record", advisory())
    return write(folder, {"uv.lock": lock, "advisories/1.json": said, **files})


def looked_at(
    folder: Path, kept: Path | None = None, environment: Path | None = None
) -> tuple[PackagesEngine, list[GapFound]]:
    """The engine after it has looked at a project, and the gaps about ways."""
    gaps: list[GapFound] = []

    def listen(event: Event) -> None:
        if isinstance(event, GapFound) and event.what == "ways to packages":
            gaps.append(event)

    options = PackageOptions(
        index=folder / "none", own=("advisories",), kept=kept, environment=environment
    )
    engine = PackagesEngine(folder, [KnownVulnerability()], options, listen)
    engine.look()
    return engine, gaps


def reach_in(folder: Path, package: str = "pyyaml") -> Reach:
    """How far it comes to the only weakness of a package."""
    engine, _ = looked_at(folder)
    seen = next(s for s in engine.seen if s.package.name == package and s.weaknesses)
    return seen.reach_of(seen.weaknesses[0])


def told(reach: Reach) -> list[str]:
    """The steps as ``file:line text``."""
    return [f"{path}:{line} {text}" for path, line, text in reach.steps]

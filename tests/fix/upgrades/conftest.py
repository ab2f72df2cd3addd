"""Projects whose locks are written by the real tools, against an index on loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from buckler.scan.engines.packages.advisories.update import update
from tests.fix.upgrades.index import Index, served
from tests.scan.packages.osv import archive, record

TOOLS = Path(__file__).parents[3] / ".venvs" / "tools" / "bin"
MAIN = "from fastapi import FastAPI\n\napp = FastAPI()\n"


def tool(name: str) -> str:
    """Where a tool is, or a visible skip."""
    found = shutil.which(name, path=f"{TOOLS}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"{name} is not there: scripts/test makes .venvs/tools")
    return found


@dataclass
class Fixed:
    """What ``buckler fix`` said."""

    code: int
    told: dict[str, Any]
    error: str

    @property
    def repair(self) -> dict[str, Any]:
        """The one repair."""
        assert len(self.told["repairs"]) == 1, self.left
        (one,) = self.told["repairs"]
        return one

    @property
    def shown(self) -> str:
        """What was shown of it, as one text."""
        return " · ".join(self.repair["shown"])

    @property
    def left(self) -> list[str]:
        """Why findings stay."""
        return [item["why"] for item in self.told["open"]]


@dataclass
class Shop:
    """A project, the index that its packages come from, and what is known against them."""

    folder: Path
    index: Index
    scratch: Path
    more: dict[str, str] = field(default_factory=dict)
    advisories: list[dict[str, Any]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """For every tool: this index and no other."""
        hidden = ("PIP_", "UV_", "POETRY_", "PYTHONPATH")
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith(hidden) or k == "PYTHONPATH"
        }
        return {
            **kept,
            "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
            "PIP_INDEX_URL": self.index.address,
            "PIP_CONFIG_FILE": os.devnull,
            "UV_DEFAULT_INDEX": self.index.address,
            "UV_CACHE_DIR": str(self.scratch / "uv"),
            "UV_PYTHON_DOWNLOADS": "never",
            "XDG_CACHE_HOME": str(self.scratch / "cache"),
            "POETRY_CACHE_DIR": str(self.scratch / "poetry"),
            "POETRY_VIRTUALENVS_CREATE": "false",
            **self.more,
        }

    def write(self, files: Mapping[str, str]) -> None:
        """Files of the project."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())

    def known(self, package: str, fixed: str, number: int = 1) -> None:
        """Something is known against every version of a package before one."""
        events = [{"introduced": "0"}, {"fixed": fixed}]
        self.advisories.append(record(f"SHOP-{number}", package, events=events))

    def run(self, *words: str, at: str = ".") -> str:
        """A tool in the project, as its owner runs it."""
        done = subprocess.run(
            [tool(words[0]), *words[1:]],
            cwd=self.folder / at,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def fix(self, *options: str) -> Fixed:
        """``buckler fix --unsafe`` for known vulnerabilities; the application is not run."""
        index = self.scratch / "advisories.sqlite"
        update(str(archive(self.scratch / "advisories.zip", *self.advisories)), index)
        words = ["fix", "--unsafe", "--json", "--rule", "PKG004"]
        words += ["--advisories", str(index), "--max-advisory-age", "100000", "--fail-on", "low"]
        engines = [] if "--engines" in options else ["--engines", "packages"]
        done = subprocess.run(
            [sys.executable, "-P", "-m", "buckler", *words, *engines, *options],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.stdout, done.stderr
        return Fixed(done.returncode, json.loads(done.stdout), done.stderr)

    def text(self, path: str) -> str:
        """A file of the project."""
        return (self.folder / path).read_bytes().decode()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """labels 2.1 is vulnerable, orders 1.4 takes no labels but 2, orders 2.0 no labels but 3."""
    folder = tmp_path / "shop"
    folder.mkdir()
    with served(tmp_path / "index") as index:
        for version in ("2.1", "2.9", "3.2", "3.3"):
            index.release("labels", version)
        index.release("orders", "1.4", "labels<3")
        index.release("orders", "2.0", "labels>=3")
        index.release("orders", "2.1", "labels>=3")
        index.release("paper", "1.0")
        index.release("paper", "1.1")
        made = Shop(folder, index, tmp_path)
        made.write({"main.py": MAIN})
        yield made

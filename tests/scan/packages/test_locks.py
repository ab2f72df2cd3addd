"""The inventory of each lock equals what its own tool exports from it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from buckler.scan.engines.packages.inventory.model import Inventory, Package
from buckler.scan.engines.packages.inventory.read import inventories
from tests.scan.packages.corpus import CORPUS, Exported, exported, installed_in, lay_out

LOCKS = {
    **{f"uv-{size}": ("uv-lock.toml", "uv.lock") for size in ("few", "some", "many")},
    **{f"poetry-{size}": ("poetry-lock.toml", "poetry.lock") for size in ("few", "some", "many")},
    **{f"pdm-{size}": ("pdm-lock.toml", "pdm.lock") for size in ("few", "some", "many")},
    **{f"pipenv-{size}": ("pipfile-lock.json", "Pipfile.lock") for size in ("few", "some", "many")},
    "uv-workspace": ("uv-lock.toml", "uv.lock"),
}
PYLOCKS = {
    "uv-few": "pylock-uv.toml",
    "uv-some": "pylock-uv.toml",
    "pdm-few": "pylock-pdm.toml",
    "pdm-some": "pylock-pdm.toml",
}


def lock(name: str, folder: Path, *files: str) -> Inventory:
    """The one inventory of a project of the corpus."""
    files = files or (LOCKS[name][0], "project.toml", "pipfile.toml")
    (found,) = inventories(lay_out(name, folder, *files))
    assert found.problems == ()
    return found


def versions(items: Iterable[Package | Exported]) -> set[tuple[str, str]]:
    return {(item.name, item.version) for item in items}


def where(items: Iterable[Package | Exported]) -> dict[tuple[str, str], set[int]]:
    """In which environments each version is installed."""
    found: dict[tuple[str, str], set[int]] = {}
    for item in items:
        found.setdefault((item.name, item.version), set()).update(installed_in(item.marker))
    return found


def hashes(items: Iterable[Package | Exported]) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for item in items:
        found.setdefault((item.name, item.version), set()).update(item.hashes)
    return found


def _from_index(name: str, version: tuple[str, str]) -> bool:
    """Whether an index gave it; pipenv locks what no index has without a version."""
    return bool(version[1]) or name.startswith("pipenv")


@pytest.mark.parametrize("name", LOCKS)
def test_names_versions_and_hashes(name: str, tmp_path: Path) -> None:
    found = lock(name, tmp_path)
    export = exported(name)
    assert found.kind == LOCKS[name][1]
    assert found.resolved
    named = [p for p in found.packages if p.source == "index"]
    assert versions(named) == {v for v in versions(export) if _from_index(name, v)}
    assert {p.name for p in found.packages} >= {e.name for e in export}
    assert hashes(named) == {k: v for k, v in hashes(export).items() if _from_index(name, k)}


@pytest.mark.parametrize("name", LOCKS)
def test_where_each_is_installed(name: str, tmp_path: Path) -> None:
    found = where(p for p in lock(name, tmp_path).packages if p.source == "index")
    wanted = {k: v for k, v in where(exported(name)).items() if _from_index(name, k)}
    assert found == wanted


@pytest.mark.parametrize("name", LOCKS)
def test_lines(name: str, tmp_path: Path) -> None:
    found = lock(name, tmp_path)
    text = (tmp_path / found.path).read_text().split("\n")
    for package in found.packages:
        near = "\n".join(text[package.line - 1 : package.line + 1])
        assert f'"{package.name}"' in near.replace("_", "-").replace(".", "-").lower()


@pytest.mark.parametrize("name", [n for n in LOCKS if n != "uv-workspace"])
def test_what_production_installs(name: str, tmp_path: Path) -> None:
    found = lock(name, tmp_path).packages
    tool = name.partition("-")[0]
    extras = tool == "poetry"
    main = {
        (p.name, p.version) for p in found if "main" in p.groups or (extras and p.in_production)
    }
    assert main == versions(exported(name, "main.txt"))


@pytest.mark.parametrize("name", [n for n in LOCKS if n.startswith("uv-") and n != "uv-workspace"])
def test_what_brings_what(name: str, tmp_path: Path) -> None:
    found = lock(name, tmp_path)
    brings = {(p.name, b) for p in found.packages for b in p.requires}
    direct = {p.name for p in found.packages if p.direct}
    said = {(via, e.name) for e in exported(name) for via in e.via}
    own = {a for a, _ in said if a.partition(":")[0] == "shop"}
    assert {(a, b) for a, b in said if a not in own} == brings
    unsaid = {e.name for e in exported(name) if not e.via}  # uv does so for dependency groups
    assert {b for a, b in said if a in own} | unsaid <= direct
    assert all(found.way_to(p.name) for p in found.packages)


@pytest.mark.parametrize("name", [n for n in LOCKS if n != "uv-workspace"])
def test_what_the_project_asks_for(name: str, tmp_path: Path) -> None:
    """The same project for every tool, so the same is direct."""
    found = lock(name, tmp_path)
    size = name.partition("-")[2]
    wanted = {
        "few": {"fastapi"},
        "some": {
            "fastapi",
            "sqlalchemy",
            "alembic",
            "python-jose",
            "pytest",
            "httpx",
            "ruff",
            "mypy",
        },
    }.get(size)
    if wanted is None:
        wanted = {p.name for p in lock("uv-many", tmp_path_of(tmp_path)).packages if p.direct}
    if "few" not in name and not name.startswith("pipenv"):
        wanted = wanted | {"asyncpg", "psycopg", "redis"} if size == "some" else wanted
    if name == "pipenv-many":
        wanted = wanted - {"elasticsearch", "aiosmtplib", "premailer"}
    assert {p.name for p in found.packages if p.direct} == wanted
    specifier = next(p for p in found.packages if p.name == "fastapi").specifier
    asked = {"few": ">=0.115,<0.116", "some": ">=0.121", "many": ""}[size]
    assert SpecifierSet(specifier) == SpecifierSet(asked)


def tmp_path_of(path: Path) -> Path:
    other = path / "other"
    other.mkdir()
    return other


@pytest.mark.parametrize("name", PYLOCKS)
def test_pylock(name: str, tmp_path: Path) -> None:
    found = lock(name, tmp_path, PYLOCKS[name], "project.toml")
    assert found.kind == "pylock.toml"
    export = exported(name)
    assert versions(found.packages) == versions(export)
    assert hashes(found.packages) == hashes(export)
    assert where(found.packages) == where(export)


@pytest.mark.parametrize("name", sorted(p.parent.name for p in CORPUS.glob("*/pylock-*.toml")))
def test_pylock_as_packaging_reads_it(name: str, tmp_path: Path) -> None:
    (file,) = (CORPUS / name).glob("pylock-*.toml")
    pylock = pytest.importorskip("packaging.pylock")
    read = pylock.Pylock.from_dict(tomllib.loads(file.read_text()))
    (tmp_path / "pylock.toml").write_text(file.read_text())
    (found,) = inventories(tmp_path)
    assert versions(found.packages) == {(p.name, str(p.version)) for p in read.packages}
    sums = {
        p.name: {
            f"{kind}:{value}"
            for f in [*(p.wheels or ()), *([p.sdist] if p.sdist else ())]
            for kind, value in f.hashes.items()
        }
        for p in read.packages
    }
    assert {p.name: set(p.hashes) for p in found.packages} == sums


@pytest.mark.parametrize("size", ["few", "some", "many"])
def test_what_pip_compile_wrote(size: str, tmp_path: Path) -> None:
    (found,) = inventories(lay_out(f"pip-tools-{size}", tmp_path))
    assert found.problems == ()
    assert found.resolved
    said = json.loads((CORPUS / f"pip-tools-{size}" / "export.json").read_text())
    assert {(p.name, p.version, frozenset(p.hashes)) for p in found.packages} == {
        (canonicalize_name(n), v.removeprefix("=="), frozenset(h)) for n, v, _, h in said
    }
    assert {(p.name, installed_in(p.marker)) for p in found.packages} == {
        (canonicalize_name(n), installed_in(m)) for n, _, m, _ in said
    }
    asked = [line for line in (tmp_path / "requirements.in").read_text().splitlines() if line]
    asked = [line for line in asked if "win32" not in line]
    assert sum(p.direct for p in found.packages) == len(asked)
    assert all(found.way_to(p.name) for p in found.packages)

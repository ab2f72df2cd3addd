"""Packages that nobody maintains are told once, where a person would change them, and as bad as they are there."""

from __future__ import annotations

import re

import pytest

from buckler.scan.rules.packages._tables.abandoned import ABANDONED

APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"
LOCK = """version = 1

[[package]]
name = "shop"
source = { virtual = "." }
dependencies = [{ name = "%s" }]

[package.dev-dependencies]
dev = [{ name = "%s" }]

[[package]]
name = "labels"
version = "1.0"
source = { registry = "https://index.example/simple" }
dependencies = [{ name = "passlib" }]

[[package]]
name = "passlib"
version = "1.7.4"
source = { registry = "https://index.example/simple" }
"""


@pytest.fixture
def told(project, scan):
    def run(files: dict[str, str]):
        folder = project({"main.py": APP, **files})
        return scan(folder, select=("PKG005",), engines=("packages",)).findings

    return run


def test_it_is_told_where_its_name_stands_without_a_version(told) -> None:
    (found,) = told(
        {
            "requirements.txt": "fastapi==0.165.0\npasslib[bcrypt]\n",
            "locked/requirements.txt": "passlib==1.7.4\n",
        }
    )
    assert (found.location.path, found.location.line) == ("requirements.txt", 2)
    assert found.message == ("passlib has had no release since 2020; use pwdlib or argon2-cffi.")


@pytest.mark.parametrize(
    ("main", "dev", "severity"),
    [("passlib", "labels", "medium"), ("labels", "labels", "low"), ("fastapi", "passlib", "info")],
)
def test_how_bad_it_is(main: str, dev: str, severity: str, told) -> None:
    (found,) = told({"uv.lock": LOCK % (main, dev)})
    assert found.severity == severity


def test_who_brings_it_is_told(told) -> None:
    (found,) = told({"uv.lock": LOCK % ("labels", "labels")})
    assert found.message.endswith("It comes by labels.")


def test_a_package_of_the_same_name_that_is_no_index_package_is_left_alone(told) -> None:
    assert told({"requirements.txt": "passlib @ git+https://git.example/our/passlib@main\n"}) == ()


def test_the_table_holds_together() -> None:
    """Names as an index writes them, successors that are not abandoned themselves, sources without a scheme."""
    for name, row in ABANDONED.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
        assert 2000 < row.year < 2030
        assert "/" in row.source and "://" not in row.source
        if row.why != "is part of Python":
            assert row.successor.split()[0].strip(",") not in ABANDONED.keys() - {"azure"}, name

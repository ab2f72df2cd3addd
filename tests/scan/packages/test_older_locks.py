"""Forms of locks that the tools wrote before, or write for rare projects. The texts are of the formats' documentation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from buckler.scan.engines.packages.inventory.model import Inventory
from buckler.scan.engines.packages.inventory.read import inventories


def read(folder: Path, **files: str) -> Inventory:
    for name, text in files.items():
        (folder / name).write_text(text)
    (found,) = inventories(folder)
    assert found.problems == ()
    return found


def test_poetry_1_0(tmp_path: Path) -> None:
    """Hashes stand at the end, groups are categories, what is where comes from the requirements."""
    found = read(
        tmp_path,
        **{
            "poetry.lock": """[[package]]
category = "main"
description = "FastAPI"
name = "fastapi"
optional = false
python-versions = ">=3.6"
version = "0.65.1"

[package.dependencies]
starlette = "0.14.2"

[package.dependencies.colorama]
version = "*"
markers = "sys_platform == 'win32'"

[[package]]
category = "main"
name = "starlette"
optional = false
python-versions = ">=3.6"
version = "0.14.2"

[[package]]
category = "main"
name = "colorama"
version = "0.4.4"

[[package]]
category = "dev"
name = "pytest"
version = "6.2"

[metadata]
content-hash = "00"
lock-version = "1.0"
python-versions = "^3.8"

[metadata.files]
fastapi = [
    {file = "fastapi-0.65.1.tar.gz", hash = "sha256:11"},
]
colorama = []
""",
            "pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.8"\nfastapi = "^0.65"\n[tool.poetry.dev-dependencies]\npytest = "*"\n',
        },
    )
    assert found.python == ">=3.8,<4"
    assert [(p.name, p.groups, p.marker, p.direct, p.hashes) for p in found.packages] == [
        ("fastapi", ("main",), "", True, ("sha256:11",)),
        ("starlette", ("main",), "", False, ()),
        ("colorama", ("main",), "sys_platform == 'win32'", False, ()),
        ("pytest", ("dev",), "", True, ()),
    ]
    assert found.packages[0].specifier == ">=0.65,<0.66"
    assert found.way_to("starlette") == ("fastapi", "starlette")


POETRY_1_8 = """[[package]]
name = "celery"
version = "5.3"
files = []

[package.dependencies]
redis = {version = ">=4", optional = true, markers = "extra == \\"redis\\""}

[package.extras]
redis = ["redis (>=4)"]

[[package]]
name = "redis"
version = "5.0"
files = []

[[package]]
name = "labels"
version = "1.0"
develop = true

[package.source]
type = "directory"
url = "labels"

[[package]]
name = "stamps"
version = "1.0"

[package.source]
type = "git"
url = "https://git.example/stamps"
resolved_reference = "00"
"""


def test_poetry_without_groups(tmp_path: Path) -> None:
    """From 1.5 to 1.8 nothing in the lock says who wants what."""
    found = read(
        tmp_path,
        **{
            "poetry.lock": POETRY_1_8,
            "pyproject.toml": '[tool.poetry.group.jobs.dependencies]\ncelery = {version = "*", extras = ["redis"]}\n'
            '[tool.poetry.dependencies]\nlabels = {path = "labels", develop = true}\nstamps = {git = "https://git.example/stamps"}\n',
        },
    )
    assert [(p.name, p.groups, p.source, p.direct) for p in found.packages] == [
        ("celery", ("jobs",), "index", True),
        ("redis", ("jobs",), "index", False),
        ("labels", ("main",), "editable", True),
        ("stamps", ("main",), "git", True),
    ]
    assert found.way_to("redis") == ("celery", "redis")


def test_without_a_manifest_the_project_asks_for_what_nobody_brings(tmp_path: Path) -> None:
    found = read(tmp_path, **{"poetry.lock": POETRY_1_8})
    assert {p.name for p in found.packages if p.direct} == {"celery", "labels", "stamps"}
    assert {p.groups for p in found.packages} == {("main",)}


def test_pdm_with_extras_and_places(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        **{
            "pdm.lock": """[metadata]
groups = ["default", "sql"]
lock_version = "4.4"

[[package]]
name = "uvicorn"
version = "0.30"
groups = ["default"]
dependencies = ["h11>=0.8"]
files = [{file = "u.whl", hash = "sha256:11"}]

[[package]]
name = "uvicorn"
version = "0.30"
extras = ["standard"]
groups = ["sql"]
marker = "sys_platform == 'linux'"
dependencies = ["httptools>=0.5", "uvicorn==0.30"]
files = [{file = "u.whl", hash = "sha256:11"}]

[[package]]
name = "h11"
version = "0.14"
groups = ["default"]

[[package]]
name = "httptools"
version = "0.6"
groups = ["sql"]
marker = "sys_platform == 'linux'"

[[package]]
name = "labels"
version = "1"
git = "https://git.example/labels"
revision = "00"
groups = ["default"]
""",
            "pyproject.toml": '[project]\ndependencies = ["uvicorn", "labels"]\n[project.optional-dependencies]\nsql = ["uvicorn[standard]"]\n',
        },
    )
    assert [(p.name, p.groups, p.marker, p.source, p.hashes) for p in found.packages] == [
        ("uvicorn", ("extra:sql", "main"), "", "index", ("sha256:11",)),
        ("h11", ("main",), "", "index", ()),
        ("httptools", ("extra:sql",), "sys_platform == 'linux'", "index", ()),
        ("labels", ("main",), "", "git", ()),
    ]
    assert found.packages[0].requires == ("h11", "httptools")


def test_pylock_says_in_markers_who_wants_it(tmp_path: Path) -> None:
    """The example of PEP 751, shortened."""
    found = read(
        tmp_path,
        **{
            "pylock.toml": """lock-version = '1.0'
requires-python = ">=3.12"
environments = ["sys_platform == 'win32'", "sys_platform == 'linux'"]
extras = ["sql"]
dependency-groups = ["dev", "default"]
default-groups = ["default"]
created-by = 'mousebender'

[[packages]]
name = 'attrs'
version = '25.1.0'
wheels = [
  {upload-time = 2025-01-25T11:30:10.164985+00:00, size = 63152, hashes = {sha256 = 'c7'}},
]
[[packages.attestation-identities]]
environment = 'release-pypi'
kind = 'GitHub'

[[packages]]
name = 'cattrs'
version = '24.1.2'
marker = "'dev' in dependency_groups and (python_version < '3.13' or sys_platform == 'win32')"
dependencies = [
    {name = 'attrs'},
]

[[packages]]
name = 'asyncpg'
version = '0.30'
marker = "'sql' in extras or 'default' in dependency_groups"

[[packages]]
name = 'labels'
vcs = {type = 'git', url = 'https://git.example/labels', commit-id = '00'}

[[packages]]
name = 'stock'
directory = {path = '.', editable = true}

[[packages]]
name = 'stamps'
archive = {path = 'stamps.tar.gz', hashes = {sha256 = 'd1'}}
""",
        },
    )
    assert found.python == ">=3.12"
    assert [
        (p.name, p.version, p.groups, p.marker, p.source, p.hashes) for p in found.packages
    ] == [
        ("attrs", "25.1.0", ("main",), "", "index", ("sha256:c7",)),
        (
            "cattrs",
            "24.1.2",
            ("dev",),
            "python_version < '3.13' or sys_platform == 'win32'",
            "index",
            (),
        ),
        ("asyncpg", "0.30", ("extra:sql", "main"), "", "index", ()),
        ("labels", "", ("main",), "", "git", ()),
        ("stock", "", ("main",), "", "editable", ()),
        ("stamps", "", ("main",), "", "path", ("sha256:d1",)),
    ]
    assert found.way_to("attrs") == ("cattrs", "attrs")


def test_pipfile_lock_sources_and_sections(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        **{
            "Pipfile.lock": json.dumps(
                {
                    "_meta": {"requires": {"python_version": "3.12"}},
                    "default": {
                        "a": {
                            "version": "==1",
                            "index": "main",
                            "markers": "python_version >= '3.8'",
                        },
                        "labels": {"git": "https://git.example/labels", "ref": "00"},
                        "stock": {"path": ".", "editable": True},
                        "stamps": {"file": "https://a.example/stamps.zip"},
                    },
                    "develop": {
                        "a": {"version": "==1", "markers": "python_version >= '3.8'"},
                        "b": {"version": "==2"},
                    },
                    "docs": {"c": {"version": "==3"}},
                },
                indent=4,
            )
        },
    )
    assert found.python == "==3.12.*"
    assert [(p.name, p.version, p.groups, p.marker, p.source) for p in found.packages] == [
        ("a", "1", ("dev", "main"), "python_version >= '3.8'", "index"),
        ("labels", "", ("main",), "", "git"),
        ("stock", "", ("main",), "", "editable"),
        ("stamps", "", ("main",), "", "url"),
        ("b", "2", ("dev",), "", "index"),
        ("c", "3", ("docs",), "", "index"),
    ]
    text = (tmp_path / "Pipfile.lock").read_text().split("\n")
    assert [f'"{p.name}"' in text[p.line - 1] for p in found.packages] == [True] * 6
    assert found.packages[0].direct


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ('{ registry = "https://index.example/simple" }', "index"),
        ('{ git = "https://git.example/labels#00" }', "git"),
        ('{ url = "https://a.example/l.whl" }', "url"),
        ('{ path = "l.whl" }', "path"),
        ('{ directory = "../labels" }', "path"),
        ('{ editable = "../labels" }', "editable"),
    ],
)
def test_where_uv_takes_it_from(tmp_path: Path, source: str, kind: str) -> None:
    found = read(
        tmp_path,
        **{
            "uv.lock": 'version = 1\n\n[[package]]\nname = "shop"\nversion = "1"\nsource = { editable = "." }\n'
            f'dependencies = [\n    {{ name = "labels" }},\n]\n\n[[package]]\nname = "labels"\nversion = "1"\nsource = {source}\n'
        },
    )
    assert [(p.name, p.source, p.direct) for p in found.packages] == [("labels", kind, True)]


def test_a_fork_of_uv(tmp_path: Path) -> None:
    """Of two versions of one package each has its own marker and specifier."""
    found = read(
        tmp_path,
        **{
            "uv.lock": """version = 1

[[package]]
name = "shop"
version = "1"
source = { virtual = "." }
dependencies = [
    { name = "numpy", version = "1.26", source = { registry = "x" }, marker = "python_version < '3.12'" },
    { name = "numpy", version = "2.1", source = { registry = "x" }, marker = "python_version >= '3.12'" },
]

[package.metadata]
requires-dist = [
    { name = "numpy", marker = "python_version < '3.12'", specifier = "<2" },
    { name = "numpy", marker = "python_version >= '3.12'", specifier = ">=2" },
]

[[package]]
name = "numpy"
version = "1.26"
source = { registry = "x" }

[[package]]
name = "numpy"
version = "2.1"
source = { registry = "x" }
"""
        },
    )
    assert [(p.version, p.marker, p.specifier) for p in found.by_name["numpy"]] == [
        ("1.26", "python_version < '3.12'", "<2"),
        ("2.1", "python_version >= '3.12'", ">=2"),
    ]

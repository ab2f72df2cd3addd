"""What projects, scripts and Pipfiles ask for, where no lock says what they get."""

from __future__ import annotations

from pathlib import Path

import pytest

from buckler.scan.engines.packages.inventory.model import Inventory, Package
from buckler.scan.engines.packages.inventory.read import inventories


def read(folder: Path, **files: str) -> list[Inventory]:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return list(inventories(folder))


def one(folder: Path, text: str, name: str = "pyproject.toml") -> Inventory:
    (found,) = read(folder, **{name: text})
    assert found.resolved is False
    return found


def told(found: Inventory) -> list[tuple[object, ...]]:
    return [(p.name, p.specifier, p.groups, p.line) for p in found.packages]


def test_the_standards(tmp_path: Path) -> None:
    """PEP 621 and PEP 735."""
    found = one(
        tmp_path,
        """[project]
name = "shop"
requires-python = ">=3.11"
dependencies = [
    "Fast_API[all]>=0.1 ; python_version < '4'",
    'labels @ git+https://git.example/labels',
]
[project.optional-dependencies]
sql = ["asyncpg==0.30"]
[dependency-groups]
dev = [
    "pytest",
    {include-group = "Lint-Tools"},
]
lint_tools = ["ruff"]
[build-system]
requires = ["hatchling"]
""",
    )
    assert found.problems == ()
    assert found.python == ">=3.11"
    assert told(found) == [
        ("fast-api", ">=0.1", ("main",), 5),
        ("labels", "", ("main",), 6),
        ("asyncpg", "==0.30", ("extra:sql",), 9),
        ("pytest", "", ("dev",), 12),
        ("ruff", "", ("dev", "lint-tools"), 15),
        ("hatchling", "", ("build",), 17),
    ]
    by_name = {p.name: p for p in found.packages}
    assert by_name["fast-api"].marker == 'python_version < "4"'
    assert by_name["labels"].source == "git"
    assert by_name["asyncpg"].version == "0.30"
    assert by_name["asyncpg"].in_production
    assert not by_name["hatchling"].in_production
    assert all(p.direct for p in found.packages)


def test_the_tools_own_tables(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        """[project]
dependencies = ["stock", "labels"]
[tool.uv]
dev-dependencies = ["pytest"]
[tool.uv.sources]
stock = { workspace = true }
labels = { path = "../labels", editable = true }
[tool.pdm.dev-dependencies]
lint = ["ruff"]
[tool.hatch.envs.docs]
dependencies = ["mkdocs"]
extra-dependencies = ["griffe"]
""",
    )
    assert told(found) == [
        ("stock", "", ("main",), 2),
        ("labels", "", ("main",), 2),
        ("pytest", "", ("dev",), 4),
        ("ruff", "", ("lint",), 9),
        ("mkdocs", "", ("docs",), 11),
        ("griffe", "", ("docs",), 12),
    ]
    assert [p.source for p in found.packages[:2]] == ["path", "editable"]


def test_poetry_before_the_standards(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        """[tool.poetry.dependencies]
python = "^3.11"
fastapi = {version = "^0.115", extras = ["all"]}
redis = {version = "5.0.1", optional = true}
numpy = [
    {version = "<2", markers = "python_version < '3.12'"},
    {version = ">=2", markers = "python_version >= '3.12'"},
]
labels = {git = "https://git.example/labels", rev = "main"}
[tool.poetry.extras]
cache = ["redis"]
[tool.poetry.group.docs.dependencies]
mkdocs = "*"
[tool.poetry.dev-dependencies]
pytest = "~8.1"
""",
    )
    assert told(found) == [
        ("fastapi", ">=0.115,<0.116", ("main",), 3),
        ("redis", "==5.0.1", ("extra:cache",), 4),
        ("numpy", "<2", ("main",), 5),
        ("numpy", ">=2", ("main",), 5),
        ("labels", "", ("main",), 9),
        ("pytest", ">=8.1,<8.2", ("dev",), 15),
        ("mkdocs", "", ("docs",), 13),
    ]
    assert {p.name: p.version for p in found.packages}["redis"] == "5.0.1"


# from the table in Poetry's documentation of version constraints
@pytest.mark.parametrize(
    ("written", "specifier"),
    [
        ("^1.2.3", ">=1.2.3,<2"),
        ("^1.2", ">=1.2,<2"),
        ("^1", ">=1,<2"),
        ("^0.2.3", ">=0.2.3,<0.3"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^0.0", ">=0.0,<0.1"),
        ("^0", ">=0,<1"),
        ("~1.2.3", ">=1.2.3,<1.3"),
        ("~1.2", ">=1.2,<1.3"),
        ("~1", ">=1,<2"),
        ("*", ""),
        ("1.*", "==1.*"),
        (">= 1.2, < 1.5", ">=1.2,<1.5"),
        ("!= 1.2.3", "!=1.2.3"),
        ("==1.2.3", "==1.2.3"),
        ("1.2.3", "==1.2.3"),
        ("~=1.4.2", "~=1.4.2"),
        ("^1 || ^3", ""),
    ],
)
def test_poetrys_versions(tmp_path: Path, written: str, specifier: str) -> None:
    found = one(tmp_path, f'[tool.poetry.dependencies]\nfastapi = "{written}"\n')
    assert [p.specifier for p in found.packages] == [specifier]


def test_pipfile(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        '[packages]\nfastapi = {version = ">=0.1", extras = ["all"], sys_platform = "== \'linux\'"}\n'
        'idna = "*"\nlabels = {path = "./labels", editable = true}\n[dev-packages]\npytest = "==8.1"\n'
        '[requires]\npython_version = "3.12"\n',
        "Pipfile",
    )
    assert told(found) == [
        ("fastapi", ">=0.1", ("main",), 2),
        ("idna", "", ("main",), 3),
        ("labels", "", ("main",), 4),
        ("pytest", "==8.1", ("dev",), 6),
    ]
    assert found.packages[0].marker == "sys_platform == 'linux'"
    assert found.packages[2].source == "editable"
    assert found.packages[3].version == "8.1"
    assert found.python == "==3.12.*"


SCRIPT = """import os
# /// script
# requires-python = ">=3.12"
# dependencies = [
#   "requests<3",
#   "rich",
# ]
# ///
print("# /// script")
"""


def test_a_script(tmp_path: Path) -> None:
    """The example of PEP 723."""
    found = one(tmp_path, SCRIPT, "job.py")
    assert (found.kind, found.python, found.problems) == ("script", ">=3.12", ())
    assert told(found) == [("requests", "<3", ("main",), 5), ("rich", "", ("main",), 6)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\n# /// script\n# dependencies = ['a']\n", 2),
        ("# /// script\n# dependencies = [\n# /// \n", 1),
        ("# /// script\n# a = 1\n# dependencies = ]\n# ///\n", 3),
        ("# /// script\n# dependencies = ['a', 'not a (requirement']\n# ///\n", 2),
    ],
)
def test_a_script_that_is_broken(tmp_path: Path, text: str, line: int) -> None:
    (found,) = read(tmp_path, **{"job.py": text})
    assert [(p.path, p.line) for p in found.problems] == [("job.py", line)]


def test_a_manifest_beside_its_lock_is_not_listed_again(tmp_path: Path) -> None:
    lock = (
        'version = 1\n[[package]]\nname = "shop"\nversion = "1"\nsource = { virtual = "." }\n'
        '\n[[package]]\nname = "stock"\nversion = "1"\nsource = { editable = "packages/stock" }\n'
    )
    found = read(
        tmp_path,
        **{
            "uv.lock": lock,
            "pyproject.toml": '[project]\nname = "shop"\ndependencies = ["fastapi"]\n',
            "packages__stock__pyproject.toml": '[project]\nname = "Stock"\ndependencies = ["idna"]\n',
            "tools__pyproject.toml": '[project]\nname = "tools"\ndependencies = ["ruff"]\n',
            "job.py": SCRIPT,
            "job.py.lock": 'version = 1\n[manifest]\nrequirements = [{ name = "rich", specifier = ">=1" }]\n'
            '\n[[package]]\nname = "rich"\nversion = "14.0"\nsource = { registry = "https://index.example/simple" }\n',
        },
    )
    assert [(i.path, i.kind) for i in found] == [
        ("job.py.lock", "uv.lock"),
        ("uv.lock", "uv.lock"),
        ("tools/pyproject.toml", "pyproject"),
    ]
    assert found[0].packages == (
        Package(
            "rich", "14.0", "job.py.lock", 5, direct=True, specifier=">=1",
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('[project]\ndependencies = ["fastapi', 2, "TOML"),
        ('[project]\n<<<<<<< HEAD\nname = "a"\n', 2, "merge conflict"),
        (
            '[project]\nname = "a"\n\ndependencies = [\n  "not a ( requirement",\n]\n',
            5,
            "no requirement",
        ),
        (
            '[dependency-groups]\na = ["x", {include-group = "b"}]\nb = [{include-group = "a"}]\n',
            3,
            "itself",
        ),
        ('[dependency-groups]\na = [{include-group = "gone"}]\n', 2, "does not exist"),
        ("a = " + "[" * 10_000, 0, "nested"),
    ],
)
def test_a_broken_manifest(tmp_path: Path, text: str, line: int, said: str) -> None:
    (found,) = read(tmp_path, **{"pyproject.toml": text})
    first = found.problems[0]
    assert first.path == "pyproject.toml"
    assert first.line == line or not line
    assert any(said in p.what for p in found.problems)
    assert first.hint


@pytest.mark.parametrize("value", ["1", "[1]", '"a"', "[[]]", "{a = 1}", "[{a = 1}]", "true"])
def test_values_of_the_wrong_type(tmp_path: Path, value: str) -> None:
    places = [
        "project", "dependency-groups", "tool", "build-system", "tool.uv", "tool.poetry", "tool.pdm",
        "tool.hatch", "project.dependencies", "project.optional-dependencies", "tool.uv.sources",
        "project.optional-dependencies.a", "dependency-groups.a", "tool.poetry.dependencies",
        "tool.poetry.dependencies.a", "tool.poetry.group", "tool.poetry.group.a", "tool.poetry.extras",
        "tool.pdm.dev-dependencies", "tool.hatch.envs", "tool.hatch.envs.a", "build-system.requires",
        "tool.uv.sources.a", "tool.poetry.group.a.dependencies", "project.name", "project.requires-python",
    ]  # fmt: skip
    for place in places:
        table, _, key = place.rpartition(".")
        head = f"[{table}]\n" if table else ""
        for found in read(tmp_path, **{"pyproject.toml": f"{head}{key} = {value}\n"}):
            assert found.kind == "pyproject"

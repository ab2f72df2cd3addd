"""The smallest upgrade that the other packages take, or who is in its way."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest

from buckler.scan.engines.packages.advisories.update import update
from buckler.scan.engines.packages.engine import PackageOptions, PackagesEngine
from buckler.scan.engines.packages.seen import PackageSeen
from buckler.scan.rules.packages.known_vulnerability import KnownVulnerability
from tests.scan.packages.osv import archive, record
from tests.scan.packages.shop import write

FIXED = [{"introduced": "0"}, {"fixed": "2.9"}, {"introduced": "3.0"}, {"fixed": "3.2"}]
ADVISORY = {"advisories/1.json": json.dumps(record("SHOP-1", "labels", events=FIXED))}
POETRY = """
[[package]]
name = "labels"
version = "2.1"
groups = ["main"]
files = []

[[package]]
name = "orders"
version = "1.4"
groups = ["main"]
files = []

[package.dependencies]
labels = "{asked}"

[metadata]
lock-version = "2.1"
python-versions = ">=3.11"
"""
PDM = """
[metadata]
groups = ["default"]
lock_version = "4.5.0"

[[package]]
name = "labels"
version = "2.1"
groups = ["default"]

[[package]]
name = "orders"
version = "1.4"
groups = ["default"]
dependencies = ["labels{asked}"]
"""


def seen(folder: Path, name: str = "labels") -> PackageSeen:
    options = PackageOptions(index=folder / "none", own=("advisories",))
    engine = PackagesEngine(folder, [], options)
    engine.look()
    return next(s for s in engine.seen if s.package.name == name and s.weaknesses)


def in_the_way(found: PackageSeen) -> list[str]:
    return [blocker.told(found.package.name) for blocker in found.blockers]


def wheel(folder: Path, name: str, version: str, *lines: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = "\n".join((f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}", *lines, ""))
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}-{version}.dist-info/METADATA", text)


@pytest.mark.parametrize(
    ("asked", "version", "told"),
    [
        ("*", "2.9", []),
        (">=2,<4", "2.9", []),
        ("^3.0", "3.2", []),  # a lock that is wrong already: the later one is the one that fits
        (">=2,!=2.9", "3.2", []),
        ("<2.5", "2.9", ["orders 1.4 asks for <2.5"]),
        ("~2.1", "2.9", ["orders 1.4 asks for >=2.1,<2.2"]),
    ],
)
def test_what_a_poetry_lock_says_of_others(
    asked: str, version: str, told: list[str], tmp_path: Path
) -> None:
    found = seen(write(tmp_path, {**ADVISORY, "poetry.lock": POETRY.replace("{asked}", asked)}))
    assert (found.upgrade, in_the_way(found)) == (version, told)
    assert {b.mover("labels") for b in found.blockers} == ({"orders"} if told else set())


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("<2.9,>=2", ["orders 1.4 asks for <2.9,>=2"]),
        ("<2.9; python_version < '3.0'", []),
        ("<2.9; python_version > '3.0'", ["orders 1.4 asks for <2.9"]),
    ],
)
def test_a_marker_that_never_holds_forbids_nothing(
    asked: str, told: list[str], tmp_path: Path
) -> None:
    found = seen(write(tmp_path, {**ADVISORY, "pdm.lock": PDM.replace("{asked}", asked)}))
    assert (found.upgrade, in_the_way(found)) == ("2.9", told)


@pytest.mark.parametrize(
    ("python", "marker", "forbids"),
    [
        ("", "sys_platform == 'win32'", True),
        ("", "sys_platform == 'win32' and python_version < '3'", False),
        ("", "platform_machine == 'arm64' or python_version < '3'", True),
        ("^3.11", "python_version >= '3.12'", True),
        ("^3.11", "python_version < '3.11'", False),
        (">=3.11,<3.12", "python_version >= '3.12'", False),
        (">=3.11.4", "python_full_version > '3.11.4'", True),
        ("<3.13,>=3.11", "python_version == '3.12' and implementation_name == 'pypy'", True),
        (">=3.11", "os_name in 'nt posix' and not_a_name == '1'", True),
    ],
)
def test_a_lock_is_for_each_interpreter_and_machine_that_it_may_be_used_on(
    python: str, marker: str, forbids: bool, tmp_path: Path
) -> None:
    asked = f'{{version = "<2.9", markers = "{marker}"}}'
    lock = POETRY.replace('"{asked}"', asked).replace('">=3.11"', f'"{python}"')
    found = seen(write(tmp_path, {**ADVISORY, "poetry.lock": lock}))
    assert in_the_way(found) == (["orders 1.4 asks for <2.9"] if forbids else [])


def test_an_environment_is_for_this_machine_alone(tmp_path: Path) -> None:
    library = ".venv/lib/python3.12/site-packages"
    asked = "Requires-Dist: labels (<2.5); sys_platform {} '{}'\n"
    files = {
        **ADVISORY,
        ".venv/pyvenv.cfg": "version = 3.12.1\n",
        f"{library}/labels-2.0.dist-info/METADATA": "Name: labels\nVersion: 2.0\n",
    }
    orders = f"{library}/orders-1.4.dist-info/METADATA"
    for sign, told in (("!=", []), ("==", ["orders 1.4 asks for <2.5"])):
        text = "Name: orders\nVersion: 1.4\n" + asked.format(sign, sys.platform)
        assert in_the_way(seen(write(tmp_path, {**files, orders: text}))) == told


UV = """
version = 1
requires-python = ">=3.11"

[[package]]
name = "shop"
version = "0.1.0"
source = { virtual = "." }
dependencies = [
    { name = "labels" },
    { name = "orders" },
]

[[package]]
name = "labels"
version = "2.1"
source = { registry = "https://index.example/simple" }

[[package]]
name = "orders"
version = "1.4"
source = { editable = "../orders" }
dependencies = [
    { name = "labels" },
]

[package.metadata]
requires-dist = [{ name = "labels", specifier = "<2.5" }]
"""


def test_a_folder_that_uv_locks_says_what_it_takes(tmp_path: Path) -> None:
    assert in_the_way(seen(write(tmp_path, {**ADVISORY, "uv.lock": UV}))) == [
        "orders 1.4 asks for <2.5"
    ]


@pytest.mark.parametrize("kind", ["constraints", "overrides"])
def test_what_uv_is_told_beside_the_dependencies_counts(kind: str, tmp_path: Path) -> None:
    """uv writes constraint-dependencies and override-dependencies of the manifest into its lock."""
    limits = f'[manifest]\n{kind} = [{{ name = "labels", specifier = "<2.5" }}]\n'
    lock = UV.replace('specifier = "<2.5"', 'specifier = ">=2"').replace(
        "\n\n", f"\n\n{limits}\n", 1
    )
    found = seen(write(tmp_path, {**ADVISORY, "uv.lock": lock}))
    assert in_the_way(found) == ["the project itself asks for <2.5"]


@pytest.mark.parametrize(
    "name",
    ["requirements+gpu.txt", "requirements dev.txt", "requirements/é.txt", "my requirements.txt"],
)
def test_a_list_is_one_whatever_else_its_name_has(name: str, tmp_path: Path) -> None:
    found = seen(write(tmp_path, {**ADVISORY, name: "labels==2.1\n"}))
    assert found.places == ((name, 1),)


def test_a_version_of_pipenv_with_a_space(tmp_path: Path) -> None:
    lock = {"_meta": {}, "default": {"labels": {"version": "== 2.1", "index": "pypi"}}}
    found = seen(write(tmp_path, {**ADVISORY, "Pipfile.lock": json.dumps(lock)}))
    assert found.package.version == "2.1"


@pytest.mark.parametrize(
    ("python", "wanted", "told"),
    [
        ("^3.11", ">=3.9", []),
        ("^3.11", ">=3.9,<3.13", ["labels 2.9 asks for python>=3.9,<3.13"]),
        ("<4,>=3.11", ">=3.11", []),
        ("<3.13,>=3.10", ">=3.11", ["labels 2.9 asks for python>=3.11"]),
    ],
)
def test_poetry_takes_what_runs_on_each_interpreter_of_the_project(
    python: str, wanted: str, told: list[str], tmp_path: Path
) -> None:
    lock = POETRY.replace("{asked}", "*").replace('">=3.11"', f'"{python}"')
    write(tmp_path, {**ADVISORY, "poetry.lock": lock})
    for version in ("2.9", "3.2"):
        wheel(tmp_path / "wheels", "labels", version, f"Requires-Python: {wanted}")
    assert in_the_way(seen(tmp_path)) == told


@pytest.mark.parametrize(
    ("public", "own", "upgrade"),
    [
        ([{"fixed": "2.9"}], [{"fixed": "2.9"}], "2.9"),
        ([{"fixed": "2.9"}], [{"fixed": "3.2"}], "3.2"),
        ([{"fixed": "3.2"}], [{"fixed": "2.9"}], "3.2"),
        ([{"fixed": "2.9"}], [], ""),
        ([], [{"fixed": "2.9"}], ""),
        # The project's record is about 2.9, the public one about 2.5 and 3.0.
        (
            [{"fixed": "2.9"}, {"introduced": "3.0"}, {"fixed": "3.2"}],
            [{"fixed": "2.5"}, {"introduced": "2.8"}, {"fixed": "3.0"}],
            "3.2",
        ),
        (
            [{"fixed": "2.9"}, {"introduced": "3.0"}, {"fixed": "3.2"}],
            [{"fixed": "3.0"}],
            "3.2",
        ),
    ],
)
def test_what_is_known_publicly_and_what_the_project_says_are_both_closed(
    public: list[dict[str, str]], own: list[dict[str, str]], upgrade: str, tmp_path: Path
) -> None:
    start = [{"introduced": "0"}]
    known = archive(tmp_path / "all.zip", record("CVE-2026-1", "labels", events=start + public))
    update(str(known), tmp_path / "index.sqlite")
    files = {"advisories/1.json": json.dumps(record("SHOP-1", "labels", events=start + own))}
    folder = write(tmp_path / "shop", {**files, "requirements.txt": "labels==2.1\n"})
    options = PackageOptions(index=tmp_path / "index.sqlite", own=("advisories",))
    engine = PackagesEngine(folder, [], options)
    engine.look()
    (found,) = engine.seen
    assert {w.name for w in found.weaknesses} == {"CVE-2026-1", "SHOP-1"}
    assert found.upgrade == upgrade


def test_what_is_installed_says_what_a_list_does_not(tmp_path: Path) -> None:
    library = ".venv/lib/python3.12/site-packages"
    files = {
        **ADVISORY,
        "requirements.txt": "labels==2.1\norders==1.4\n",
        ".venv/pyvenv.cfg": "version = 3.12.1\n",
        f"{library}/labels-2.0.dist-info/METADATA": "Name: labels\nVersion: 2.0\n",
        f"{library}/orders-1.4.dist-info/METADATA": "Name: orders\nVersion: 1.4\nRequires-Dist: labels (<2.5)\n",
    }
    assert in_the_way(seen(write(tmp_path, files))) == ["orders 1.4 asks for <2.5"]
    (tmp_path / "requirements.txt").write_text("labels==2.1\norders==1.5\n")
    assert in_the_way(seen(tmp_path)) == [], "of another version nothing is known"


def test_what_the_new_version_itself_asks_for(tmp_path: Path) -> None:
    write(tmp_path, {**ADVISORY, "requirements.txt": "labels==2.1\npaper==1.0\n"})
    wheel(tmp_path / "wheels", "labels", "2.9", "Requires-Dist: paper>=2")
    found = seen(tmp_path)
    assert (found.upgrade, found.blockers) == ("3.2", ()), "the next one is not known to ask for it"
    wheel(tmp_path / "wheels", "labels", "3.2", "Requires-Dist: paper>=3")
    found = seen(tmp_path)
    assert (found.upgrade, in_the_way(found)) == ("2.9", ["labels 2.9 asks for paper>=2"])
    assert found.blockers[0].mover("labels") == "paper"


def test_the_interpreter_counts(tmp_path: Path) -> None:
    lock = PDM.replace("{asked}", "").replace(
        "[[package]]", '[[metadata.targets]]\nrequires_python = ">=3.11"\n\n[[package]]', 1
    )
    write(tmp_path, {**ADVISORY, "pdm.lock": lock})
    for version in ("2.9", "3.2"):
        wheel(tmp_path / "wheels", "labels", version, "Requires-Python: >=3.13")
    assert in_the_way(seen(tmp_path)) == ["labels 2.9 asks for python>=3.13"]


def test_the_projects_own_words_are_no_other_package(tmp_path: Path) -> None:
    manifest = '[project]\nname = "shop"\nversion = "1"\ndependencies = ["labels<2.5"]\n'
    lock = POETRY.replace("{asked}", "*")
    found = seen(write(tmp_path, {**ADVISORY, "poetry.lock": lock, "pyproject.toml": manifest}))
    assert (found.upgrade, in_the_way(found)) == ("2.9", ["the project itself asks for <2.5"])
    assert found.blockers[0].mover("labels") == ""


def test_the_finding_says_it(tmp_path: Path) -> None:
    found = seen(write(tmp_path, {**ADVISORY, "poetry.lock": POETRY.replace("{asked}", "<2.5")}))
    (finding,) = KnownVulnerability().check_package(found)
    assert "2.9 has no known weakness, but orders 1.4 asks for <2.5." in finding.message
    assert finding.proof[0].data["blocked"] == [
        {"by": "orders", "version": "1.4", "name": "labels", "specifier": "<2.5"}
    ]

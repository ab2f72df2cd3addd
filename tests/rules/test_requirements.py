"""Requirements files as they are found, and as they are broken."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.scan.engines.interface import Project
from buckler.scan.engines.packages.project_files import check_project
from buckler.scan.model.requirements import read, requirement_files
from buckler.scan.rules.packages.extra_index import ExtraPackageIndex
from buckler.scan.rules.packages.unhashed import UnhashedDependency
from buckler.scan.rules.packages.unpinned import UnpinnedDependency

HASH = "--hash=sha256:" + "0" * 64


def project(folder: Path, **files: str) -> Project:
    names = []
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_txt", ".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        names.append(path.relative_to(folder).as_posix())
    return Project(folder, tuple(names))


@pytest.mark.parametrize(
    ("line", "pinned", "hashed"),
    [
        ("fastapi", False, False),
        ("fastapi>=0.165", False, False),
        ("fastapi==0.165.*", False, False),
        ("fastapi==0.165.0", True, False),
        ("fastapi[standard]===0.165.0 ; python_version < '4'  # why", True, False),
        (f"fastapi==0.165.0 \\\n  {HASH}", True, True),
        ("labels @ git+https://example.com/labels@main", False, False),
        ("git+https://example.com/labels@" + "5" * 40 + "#egg=labels", True, False),
        ("labels @ https://example.com/labels.whl#sha256=" + "0" * 64, True, True),
    ],
)
def test_a_line(tmp_path: Path, line: str, pinned: bool, hashed: bool) -> None:
    (item,) = read(project(tmp_path, requirements_txt=line), "requirements.txt")
    assert (item.pinned, item.hashed, item.line) == (pinned, hashed, 1)


def test_includes_are_part_of_the_file_that_includes_them(tmp_path: Path) -> None:
    found = requirement_files(
        project(
            tmp_path,
            requirements_txt="-r requirements.txt\n--requirement=requirements/base.txt\nuvicorn\n",
            requirements__base_txt="-c ../constraints.txt\nfastapi\n",
            constraints_txt="fastapi==0.165.0\n",
        )
    )
    assert list(found) == ["requirements.txt"]
    assert [(i.name, i.path, i.pinned) for i in found["requirements.txt"]] == [
        ("fastapi", "requirements/base.txt", True),
        ("uvicorn", "requirements.txt", False),
    ]


@given(st.text(alphabet="-r requirements.txt\n\\#=<>[]@;:/ab", max_size=200))
def test_no_file_is_a_crash(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("broken")
    (folder / "requirements.txt").write_text(text)
    rules = [UnpinnedDependency(), UnhashedDependency(), ExtraPackageIndex()]
    assert isinstance(list(check_project(folder, rules)), list)

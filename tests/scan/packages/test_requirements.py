"""Requirements files as pip reads them, and as they are broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from buckler.scan.engines.packages.inventory.model import Inventory
from buckler.scan.engines.packages.inventory.read import inventories

SUM = "0" * 64


def read(folder: Path, **files: str) -> list[Inventory]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return list(inventories(folder))


def one(folder: Path, text: str) -> Inventory:
    (found,) = read(folder, **{"requirements.txt": text})
    return found


@pytest.mark.parametrize(
    ("text", "name", "version", "specifier", "marker", "source"),
    [
        ("FastAPI==0.165.0", "fastapi", "0.165.0", "==0.165.0", "", "index"),
        ("a.b_c == 1.0 # why", "a-b-c", "1.0", "==1.0", "", "index"),
        (
            "fastapi [all] ==0.1 ; python_version<'4'",
            "fastapi",
            "0.1",
            "==0.1",
            "python_version<'4'",
            "index",
        ),
        ("fastapi>=0.1,<2", "fastapi", "", "<2,>=0.1", "", "index"),
        ("fastapi==0.1.*", "fastapi", "", "==0.1.*", "", "index"),
        ("fastapi===weird_1", "fastapi", "weird_1", "===weird_1", "", "index"),
        ("fastapi", "fastapi", "", "", "", "index"),
        ("fastapi \\\n  ==0.1 \\\n  --hash=sha256:" + SUM, "fastapi", "0.1", "==0.1", "", "index"),
        (
            "l @ git+https://git.example/l@main ; python_version<'4'",
            "l",
            "",
            "",
            'python_version < "4"',
            "git",
        ),
        ("git+https://git.example/labels.git@v1#egg=Shop_Labels", "shop-labels", "", "", "", "git"),
        ("-e git+https://git.example/labels#egg=labels", "labels", "", "", "", "editable"),
        ("--editable=./labels#egg=labels", "labels", "", "", "", "editable"),
        ("l @ https://a.example/l-1.0-py3-none-any.whl", "l", "1.0", "", "", "url"),
        ("https://a.example/l-1.0.tar.gz", "l", "1.0", "", "", "url"),
        ("./wheels/l_l-1.0-py3-none-any.whl", "l-l", "1.0", "", "", "path"),
        ("l @ file:///wheels/l", "l", "", "", "", "path"),
    ],
)
def test_a_line(
    tmp_path: Path, text: str, name: str, version: str, specifier: str, marker: str, source: str
) -> None:
    found = one(tmp_path, f"# first\n\n{text}\n")
    (package,) = found.packages
    assert found.problems == ()
    assert (package.name, package.version, package.specifier, package.marker) == (
        name, version, specifier, marker,
    )  # fmt: skip
    assert (package.source, package.line, package.direct) == (source, 3, True)


def test_options_are_no_packages(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        "--index-url https://index.example/simple\n--require-hashes\n--pre\n-f wheels\n-i x\nidna\n-e .\n",
    )
    assert [p.name for p in found.packages] == ["idna"]
    assert found.problems == ()


def test_hashes(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        f"a==1 --hash=sha256:{SUM} --hash=sha512:11\nb @ https://x.example/b.zip#sha256={SUM}\n",
    )
    assert [p.hashes for p in found.packages] == [
        (f"sha256:{SUM}", "sha512:11"),
        (f"sha256:{SUM}",),
    ]
    assert found.resolved


def test_a_comment_hides_what_pip_joins_to_it(tmp_path: Path) -> None:
    """pip joins lines before it takes comments away."""
    found = one(tmp_path, f"a==1 # x \\\n  --hash=sha256:{SUM}\nb==1 \\\n# c\nd==1\n")
    assert [(p.name, p.line, p.hashes) for p in found.packages] == [
        ("a", 1, ()), ("b", 3, ()), ("d", 5, ()),
    ]  # fmt: skip


def test_includes_and_constraints(tmp_path: Path) -> None:
    (found,) = read(
        tmp_path,
        **{
            "requirements.txt": "-r base/requirements.txt\n-r requirements.txt\nuvicorn\n",
            "base/requirements.txt": "--requirement=../more.txt\n-c ../limits.txt\nfastapi\n",
            "more.txt": "-r requirements.txt\nidna==3\n",
            "limits.txt": "fastapi==0.1\nunwanted==1\n",
        },
    )
    assert found.path == "requirements.txt"
    assert [(p.name, p.version, p.path, p.line) for p in found.packages] == [
        ("idna", "3", "more.txt", 2),
        ("fastapi", "0.1", "base/requirements.txt", 3),
        ("uvicorn", "", "requirements.txt", 3),
    ]
    assert found.problems == ()


def test_files_that_include_each_other_are_not_lost(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        **{
            "requirements-a.txt": "-r requirements-b.txt\na==1\n",
            "requirements-b.txt": "-r requirements-a.txt\nb==1\n",
        },
    )
    assert {p.name for i in found for p in i.packages} == {"a", "b"}


def test_who_installs_from_it(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        **{"requirements.txt": "a\n", "requirements-dev.txt": "b\n", "requirements/test.txt": "c\n",
           "requirements/production.txt": "d\n"},
    )  # fmt: skip
    groups = {p.name: p.groups for i in found for p in i.packages}
    assert groups == {"a": ("main",), "b": ("dev",), "c": ("test",), "d": ("main",)}


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("a\n-r gone.txt\n", "requirements.txt", 2),
        ("a\n-r ../outside.txt\n", "requirements.txt", 2),
        ("a\n-r https://x.example/r.txt\n", "requirements.txt", 2),
        ("a\n-c folder\n", "requirements.txt", 2),
        ("a\n-r link.txt\n", "requirements.txt", 2),
        ("a\n\n<<<<<<< HEAD\n", "requirements.txt", 3),
        ("a\nthis is ( none\n", "requirements.txt", 2),
        ("a\nb==1 ; no_marker < 3\n", "requirements.txt", 2),
        ("a\nb ; " + "(" * 5000 + "\n", "requirements.txt", 2),
        ("a\n./folder/of/somebody\n", "requirements.txt", 2),
        ("a\n\xff\n", "requirements.txt", 2),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, text: str, path: str, line: int) -> None:
    folder = tmp_path / "shop"
    (folder / "folder").mkdir(parents=True)
    (tmp_path / "outside.txt").write_text("stolen==1\n")
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    (folder / "requirements.txt").write_bytes(text.encode("latin-1"))
    found = inventories(folder)
    assert [p.name for _, p in found.packages] == ["a"]
    problems = list(found.problems)
    assert problems
    assert {(p.path, p.line) for p in problems} == {(path, line)}
    assert all(p.what and p.hint for p in problems)


def test_what_powershell_writes(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes("fastapi==0.1\r\nidna==3\r\n".encode("utf-16"))
    (found,) = inventories(tmp_path)
    assert [(p.name, p.line) for p in found.packages] == [("fastapi", 1), ("idna", 2)]


def test_a_chain_of_includes_has_an_end(tmp_path: Path) -> None:
    files = {f"r{i}.txt": f"-r r{i + 1}.txt\np{i}\n" for i in range(300)}
    (found,) = read(tmp_path, **{"requirements.txt": "-r r0.txt\n", **files})
    assert len(found.packages) == 199
    assert [p.path for p in found.problems] == ["r198.txt"]


def test_what_it_is_compiled_from_is_not_listed_again(tmp_path: Path) -> None:
    compiled = f"fastapi==0.1 \\\n    --hash=sha256:{SUM}\n    # via -r requirements.in\nidna==3 \\\n    --hash=sha256:{SUM}\n    # via\n    #   fastapi\n"
    (found,) = read(tmp_path, **{"requirements.in": "fastapi>=0\n", "requirements.txt": compiled})
    assert found.resolved
    assert [(p.name, p.direct, p.specifier, p.requires) for p in found.packages] == [
        ("fastapi", True, ">=0", ("idna",)),
        ("idna", False, "", ()),
    ]
    (tmp_path / "requirements.txt").unlink()
    (alone,) = inventories(tmp_path)
    assert (alone.path, alone.resolved) == ("requirements.in", False)

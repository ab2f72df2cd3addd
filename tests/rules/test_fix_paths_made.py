"""Paths that are put together away from the call that opens them are checked where they are made."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi import HTTPException

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.registry import Registry
from buckler.scan.fix.drafts import draft_of
from buckler.scan.fix.writing import written

RULES = Registry.load("buckler.scan.rules")
STORAGE = """from pathlib import Path

from fastapi import HTTPException

MANUALS = Path("manuals")


def manual_path(name: str) -> Path:
    return MANUALS / name


def chosen(name: str, old: bool) -> Path:
    if old:
        return MANUALS / "old" / name
    return MANUALS / name


def user_folder(number: int) -> Path:
    return Path("uploads") / str(number)


def named_folder(name: str) -> Path:
    return Path("uploads") / name
"""
HEAD = "from fastapi import HTTPException\n\nfrom storage import chosen, manual_path, named_folder, user_folder\n\n\n"


def repaired(folder: Path, code: str, marker: str) -> dict[str, str]:
    """What becomes of the files, by name; empty where nothing does."""
    (folder / "storage.py").write_text(STORAGE)
    (folder / "main.py").write_text(HEAD + code)
    line = next(n for n, row in enumerate((HEAD + code).splitlines(), 1) if marker in row)
    finding = Finding(
        "INJ005", "", Severity.HIGH, Confidence.PROVED, Location("main.py", line, None, None)
    )
    repair = RULES["INJ005"].fix_source(draft_of(folder, "main.py"), finding)
    return {made.path: made.after for made in written(folder, [repair])} if repair else {}


def test_in_the_function_that_makes_it(tmp_path: Path) -> None:
    code = "def remove(name: str) -> None:\n    manual_path(name).unlink()\n"
    made = repaired(tmp_path, code, "unlink")
    assert list(made) == ["storage.py"]
    space: dict[str, object] = {}
    exec(made["storage.py"], space)
    path = space["manual_path"]
    assert path("a/b.txt") == Path("manuals/a/b.txt").resolve()
    assert path("a/../b.txt") == Path("manuals/b.txt").resolve()
    for name in ("../x", "/etc/hostname", "a/../../x", "../manuals2/x"):
        with pytest.raises(Exception, match="404"):
            path(name)


def test_behind_a_folder_that_a_call_gives(tmp_path: Path) -> None:
    code = (
        "def remove(number: int, name: str) -> None:\n"
        "    path = user_folder(number) / name\n"
        "    path.unlink()\n"
    )
    assert repaired(tmp_path, code, "unlink")["main.py"].splitlines()[-5:] == [
        "    folder = user_folder(number)",
        "    path = (folder / name).resolve()",
        "    if not path.is_relative_to(folder.resolve()):",
        "        raise HTTPException(404)",
        "    path.unlink()",
    ]


def test_a_path_that_is_given_back_as_well(tmp_path: Path) -> None:
    code = (
        "def save(number: int, name: str) -> object:\n"
        "    target = user_folder(number) / (name or 'x')\n"
        "    target.write_text('')\n"
        "    return target\n"
    )
    assert repaired(tmp_path, code, "write_text")["main.py"].splitlines()[-7:] == [
        "    folder = user_folder(number)",
        "    target = folder / (name or 'x')",
        "    path = target.resolve()",
        "    if not path.is_relative_to(folder.resolve()):",
        "        raise HTTPException(404)",
        "    path.write_text('')",
        "    return target",
    ]


@pytest.mark.parametrize(
    "code",
    [
        "def remove(name: str) -> None:\n    path = named_folder(name) / name\n    path.unlink()\n",
        "def remove(name: str) -> None:\n    chosen(name, True).unlink()\n",
        "def remove(name: str) -> None:\n    elsewhere(name).unlink()\n",
    ],
    ids=["a folder that the request names", "two ways to make it", "a function that is not known"],
)
def test_what_is_left_alone(code: str, tmp_path: Path) -> None:
    assert repaired(tmp_path, code, "unlink") == {}


@pytest.mark.parametrize(
    ("value", "folder"),
    [
        ('BASE / "static" / name', "base/static"),
        ("BASE / name", "base"),
        ('BASE / "static" / f"{name}.html"', "base/static"),
        ('os.path.join(str(BASE), "pages", name)', "base/pages"),
        ('f"{ROOT}/pages/{name}"', "base/pages"),
        ('f"base/pages/{name}.html"', "base/pages"),
        ('"base/pages/" + name', "base/pages"),
        ('user_folder(3) / "avatars" / name', "uploads/3/avatars"),
    ],
)
def test_the_folder_is_all_before_what_input_decides(
    value: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = 'import os\nfrom pathlib import Path\n\nBASE = Path("base")\nROOT = "base"\n\n\n'
    code = f"{head}def remove(name: str) -> None:\n    path = {value}\n    os.remove(path)\n"
    made = repaired(tmp_path, code, "os.remove")["main.py"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "storage", raising=False)
    inside = tmp_path / folder / "a.html"
    inside.parent.mkdir(parents=True, exist_ok=True)
    outside = inside.parent.parent / "secret.html"
    for file in (inside, inside.with_name("a"), outside, outside.with_suffix("")):
        file.write_text("")
    space: dict[str, Any] = {}
    exec(made, space)
    for name in ("../secret.html", "../secret", str(outside), f"../{inside.parent.name}/../secret"):
        with pytest.raises((HTTPException, FileNotFoundError)) as refused:
            space["remove"](name)
        if isinstance(refused.value, FileNotFoundError):
            assert name.startswith("/"), "below the folder, where there is nothing of that name"
    assert outside.exists()
    assert outside.with_suffix("").exists()
    space["remove"]("a")
    assert not (inside.exists() and inside.with_name("a").exists())
    monkeypatch.delitem(sys.modules, "storage", raising=False)


@pytest.mark.parametrize(
    "value",
    [
        "BASE / str(user.id) / name",
        'f"{ROOT}/{user.id}/{name}"',
        'BASE / f"pages/{name}"',
        "BASE / name / other",
        "name",
        "os.path.join(*parts)",
    ],
)
def test_no_folder_that_is_sure(value: str, tmp_path: Path) -> None:
    head = 'import os\nfrom pathlib import Path\n\nBASE = Path("base")\nROOT = "base"\n\n\n'
    code = (
        f"{head}def remove(name: str, other: str, user, parts) -> None:\n    os.remove({value})\n"
    )
    assert repaired(tmp_path, code, "os.remove") == {}


def test_tabs_stay_tabs(tmp_path: Path) -> None:
    code = "def remove(name: str) -> None:\n\tpath = manual_path('x') / name\n\tpath.unlink()\n"
    made = repaired(tmp_path, code.replace("manual_path('x')", "user_folder(1)"), "unlink")
    assert "\n\t\traise HTTPException(404)\n" in made["main.py"]

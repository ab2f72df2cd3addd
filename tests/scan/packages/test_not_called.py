"""That nothing leads to what has a weakness is said of the projects where it is so, and of no other.

An auditor believes what is said of them, and nobody reads what is never said.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from buckler.scan.engines.packages.reach import files, notebooks
from buckler.scan.engines.packages.reach.level import Level
from buckler.scan.engines.packages.reach.mentions import Mentions
from tests.scan.packages.not_called import HANDED, HIDDEN, MAIN, OPEN, cells
from tests.scan.packages.reaching import LOCK, advisory, project, reach_in
from tests.scan.packages.shop import write


def made(folder: Path, more: dict[str, str]) -> Path:
    return project(folder, {"main.py": MAIN, "work.py": "", **more})


@pytest.mark.parametrize("way", HIDDEN)
def test_where_a_way_may_be_nothing_is_said(way: str, tmp_path: Path) -> None:
    assert reach_in(made(tmp_path, HIDDEN[way])).level is not Level.NOT_CALLED


@pytest.mark.parametrize("way", HANDED)
def test_where_a_module_is_in_a_value_nothing_is_said(way: str, tmp_path: Path) -> None:
    assert reach_in(made(tmp_path, HANDED[way])).level is Level.IMPORTED


@pytest.mark.parametrize("shape", OPEN)
def test_of_an_ordinary_project_it_is_said(shape: str, tmp_path: Path) -> None:
    assert reach_in(made(tmp_path, OPEN[shape])).level is Level.NOT_CALLED


CORPUS = Path(__file__).parents[2] / "corpus"
EXAMPLES = Path(__file__).parents[3] / "examples"
USED = "import yaml\n\ndef settings(text):\n    return yaml.safe_load(text)\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (EXAMPLES / "secure_shop", Level.NOT_CALLED),
        (EXAMPLES / "oauth_server", Level.NOT_CALLED),
        (CORPUS / "sqlalchemy_sync", Level.NOT_CALLED),
        (CORPUS / "sqlite_raw", Level.NOT_CALLED),
        (CORPUS / "sqlmodel_notes", Level.NOT_CALLED),
        (CORPUS / "servers", Level.NOT_CALLED),
        (EXAMPLES / "insecure_shop", Level.ROUTE),  # it reads an order
        (CORPUS / "injected", Level.IMPORTED),  # it looks for classes by computed names
    ],
    ids=lambda given: getattr(given, "name", ""),
)
def test_of_applications_with_a_safe_use_it_is_said(
    source: Path, expected: Level, tmp_path: Path
) -> None:
    lists = shutil.ignore_patterns(
        "requirements*", "*.toml", "*.lock", "expected.json", "advisories"
    )
    folder = tmp_path / "shop"
    shutil.copytree(source, folder, ignore=lists)
    reach = reach_in(project(folder, {"reading_settings.py": USED}))
    assert reach.level is expected


def test_many_names_cost_no_more_than_their_number(tmp_path: Path) -> None:
    """A thousand million steps would take minutes; what is bound too often is let be."""
    imports = "".join(f"import m{n} as x\n" for n in range(4_000))
    names = "".join("x.y()\n" for n in range(10_000))
    search = Mentions(write(tmp_path, {"work.py": imports + names + USED}))
    assert search.places(["yaml.load"], ["yaml"]) is None
    others = "".join(f"import m{n}\nm{n}.y()\n" for n in range(4_000))
    search = Mentions(write(tmp_path, {"work.py": others + USED}))
    assert search.places(["yaml.load"], ["yaml"]) == frozenset()


def test_a_link_out_of_the_project_leaves_it_open(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", {"part.py": "import yaml\nread = yaml.full_load\n"})
    for name, target in (
        ("part.py", outside / "part.py"),
        ("part", outside),
        ("loop", Path("loop")),
    ):
        folder = made(tmp_path / name.removesuffix(".py") / name, {})
        assert reach_in(folder).level is Level.NOT_CALLED
        os.symlink(target, folder / name)
        # A link to itself leads nowhere, but nobody can tell what stands there.
        assert reach_in(folder).level is Level.IMPORTED, name


def test_a_link_within_the_project_does_not(tmp_path: Path) -> None:
    folder = made(tmp_path, {"shop/x.py": "X = 1\n"})
    os.symlink("shop", folder / "alias")
    os.symlink("x.py", folder / "shop/y.py")
    assert reach_in(folder).level is Level.NOT_CALLED


@pytest.mark.parametrize(("name", "most"), [("MOST_BYTES", 500), ("MOST_FILES", 2)])
def test_more_than_is_read_leaves_it_open(
    name: str, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, name, most)
    assert reach_in(made(tmp_path / "few", {})).level is Level.IMPORTED
    monkeypatch.undo()
    assert reach_in(made(tmp_path / "few", {})).level is Level.NOT_CALLED


@pytest.mark.parametrize(("lines", "expected"), [(3, Level.NOT_CALLED), (4, Level.IMPORTED)])
def test_a_notebook_with_too_many_lines_for_its_shell_leaves_it_open(
    lines: int, expected: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notebooks, "MOST_LINES", 3)
    folder = made(tmp_path, {"look.ipynb": cells("%time 1\n" * lines)})
    assert reach_in(folder).level is expected


def test_a_large_text_leaves_it_open(tmp_path: Path) -> None:
    assert reach_in(made(tmp_path, {"big.json": "1" * 2_000_001})).level is Level.IMPORTED


def test_a_text_in_another_encoding_is_read(tmp_path: Path) -> None:
    folder = made(tmp_path, {})
    (folder / "settings.ini").write_text("class = yaml.load\n", encoding="utf-16")
    assert reach_in(folder).level is Level.IMPORTED


def test_two_calls_on_a_line_are_not_told_apart(tmp_path: Path) -> None:
    twice = "import yaml\n\ndef f(x):\n    return yaml.load(x, yaml.SafeLoader), lambda n: yaml.load(n)\n"
    assert reach_in(made(tmp_path, {"work.py": twice})).level is not Level.NOT_CALLED


PIN = '[project]\nname = "shop"\nversion = "1"\ndependencies = ["fastapi", "%s"]\n'
LISTS = [
    ({"pyproject.toml": PIN % "pyyaml"}, Level.NOT_CALLED),
    ({"tools/pyproject.toml": PIN.replace("shop", "tools") % "other"}, Level.IMPORTED),
    ({"requirements.txt": "pyyaml==5.3.1\n"}, Level.NOT_CALLED),
    ({"requirements.txt": "pyyaml==5.3\n"}, Level.IMPORTED),
    ({"requirements.txt": "pyyaml==5.3.1\nother==1\n"}, Level.IMPORTED),
    ({"deploy/uv.lock": LOCK}, Level.NOT_CALLED),
    ({"deploy/uv.lock": LOCK.replace('[{ name = "starlette" }]', '[{ name = "pyyaml" }]')}, Level.IMPORTED),
    ({"requirements.txt": "pyyaml==5.3.1\n<<<<<<< mine\n"}, Level.IMPORTED),
]  # fmt: skip


@pytest.mark.parametrize(("more", "expected"), LISTS)
def test_every_list_that_may_be_what_runs_has_to_agree(
    more: dict[str, str], expected: Level, tmp_path: Path
) -> None:
    assert reach_in(made(tmp_path, more)).level is expected


def test_what_only_tests_install_may_use_it(tmp_path: Path) -> None:
    tool = '\n[[package]]\nname = "linter"\nversion = "1"\nsource = { registry = "https://index.example/simple" }\ndependencies = [{ name = "pyyaml" }]\n'
    ends = f'{LOCK}\n[package.dev-dependencies]\ndev = [{{ name = "linter" }}]\n{tool}'
    folder = project(tmp_path / "dev", {"main.py": MAIN, "work.py": ""}, lock=ends)
    assert reach_in(folder).level is Level.NOT_CALLED
    runs = ends.replace('{ name = "fastapi" }, ', '{ name = "fastapi" }, { name = "linter" }, ')
    folder = project(tmp_path / "runs", {"main.py": MAIN, "work.py": ""}, lock=runs)
    assert reach_in(folder).level is Level.IMPORTED


def test_a_function_handed_on_may_be_a_module_where_names_are_computed(tmp_path: Path) -> None:
    handed = "import yaml\n\ndef f(x):\n    return g(yaml.safe_load, x)\n"
    looks = {
        "getattr": "def h(x, a):\n    return getattr(x, a)\n",
        "attrgetter": "from operator import attrgetter\n\ndef h(a):\n    return attrgetter(a)\n",
        "under another name": "from operator import attrgetter as look\n\ndef h(x, a):\n    return look(a)(x)\n",
        "handed on": "from functools import reduce\n\ndef h(x, a):\n    return reduce(getattr, a, x)\n",
        "vars": "def h(x, a):\n    return vars(x)[a]\n",
        "dictionary": "def h(x, a):\n    return x.__dict__[a]\n",
        "members": "import inspect\n\ndef h(x):\n    return inspect.getmembers(x)\n",
    }
    for name, look in looks.items():
        work = {"work.py": handed, "look.py": look}
        assert reach_in(made(tmp_path / name, work)).level is Level.IMPORTED, name
        alone = {"work.py": handed.replace("g(yaml.safe_load, x)", "yaml.safe_load(x)")}
        folder = made(tmp_path / f"{name} alone", {**alone, "look.py": look})
        assert reach_in(folder).level is Level.NOT_CALLED, name


def test_a_package_below_another_name_is_the_same_from_above(tmp_path: Path) -> None:
    for line in ("import google", "import google.cloud", "from google import cloud as google"):
        work = f"{line}\n\ndef f(a):\n    return g(google, a)\n"
        search = Mentions(write(tmp_path, {"work.py": work}))
        assert search.places(["google.cloud.storage.load_it"], ["google.cloud.storage"]) is None
        other = Mentions(write(tmp_path, {"work.py": work.replace("google", "other")}))
        assert (
            other.places(["google.cloud.storage.load_it"], ["google.cloud.storage"]) == frozenset()
        )


def test_what_is_near_is_no_call_of_it(tmp_path: Path) -> None:
    made_of = (
        "import yaml\n\nclass Own(yaml.YAMLObject):\n    pass\n\nOwn()\nX = yaml.YAMLObject()\n"
    )
    assert reach_in(made(tmp_path, {"work.py": made_of})).level is Level.IMPORTED


def test_modules_with_capitals_are_not_taken_for_classes(tmp_path: Path) -> None:
    lock = LOCK.replace('name = "pyyaml"', 'name = "pillow"')
    said = advisory("pillow", "CVE-2022-22817")
    safe = "from fastapi import FastAPI\nfrom PIL import Image\napp = FastAPI()\n\n@app.get('/x')\ndef x(q: str):\n    return Image.new('RGB', (1, 1)).size\n"
    asked = f"{safe}\ndef f(name, n):\n    return getattr(g(Image), name)(n)\n"
    for source, expected in ((safe, Level.NOT_CALLED), (asked, Level.IMPORTED)):
        folder = project(tmp_path / expected, {"main.py": source}, lock=lock, record=said)
        assert reach_in(folder, "pillow").level is expected

"""What is installed beside a package and uses it, without that a list says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from buckler.scan.engines.packages.reach import installed
from buckler.scan.engines.packages.reach.level import Level
from tests.scan.packages.not_called import MAIN
from tests.scan.packages.reaching import looked_at, project

ENV = "lib/python3.11/site-packages"
SAFE = "try:\n    import yaml\nexcept ImportError:\n    yaml = None\n\ndef render(x):\n    return yaml.dump(x), yaml.safe_load\n"
HARMS = {
    "called": "import yaml\n\ndef f(x):\n    return yaml.load(x)\n",
    "under another name": "from yaml import full_load as read\n",
    "handed on": "import yaml\nMODULES = [yaml]\n",
    "a class": "from yaml.constructor import UnsafeConstructor as U\n",
    "a module": "from yaml import constructor\n",
    "all of it": "from yaml import *\n",
    "loaded": "import importlib\n\nm = importlib.import_module('yaml')\n",
    "loaded by a variable": "import importlib\nNAMES = ['yaml']\n\ndef f():\n    return [importlib.import_module(n) for n in NAMES]\n",
    "in a function": "def f(x):\n    import json, yaml as y\n    return y.unsafe_load(x)\n",
    "does not parse": "import yaml\ndef (\n",
}


def put(site: Path, name: str, version: str, files: dict[str, str], head: str = "") -> None:
    """A distribution as an installer leaves it."""
    info = f"{name}-{version}.dist-info"
    meta = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{head}"
    listed = "".join(f"{path},,\n" for path in (*files, f"{info}/METADATA", f"{info}/RECORD"))
    for path, text in {**files, f"{info}/METADATA": meta, f"{info}/RECORD": listed}.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)


def level(tmp_path: Path, files: dict[str, str], head: str = "") -> Level:
    """How far a project comes to PyYAML in an environment with another package that has these files."""
    folder = project(tmp_path / "shop", {"main.py": MAIN, "work.py": ""})
    site = tmp_path / "env" / ENV
    put(site, "pyyaml", "5.3.1", {"yaml/__init__.py": "def load(x):\n    exec(x)\n"})
    put(site, "fastapi", "0.165.0", {"fastapi/__init__.py": ""}, "Requires-Dist: starlette\n")
    put(site, "starlette", "1.10.0", {"starlette/schemas.py": SAFE})
    put(site, "other", "1", files, head)
    (tmp_path / "env/pyvenv.cfg").write_text("version = 3.11.7\n")
    engine, _ = looked_at(folder, environment=tmp_path / "env")
    (seen,) = [s for s in engine.seen if s.package.name == "pyyaml"]
    return seen.reach_of(seen.weaknesses[0]).level


@pytest.mark.parametrize("way", HARMS)
def test_another_package_may_call_it(way: str, tmp_path: Path) -> None:
    assert level(tmp_path, {"other/deep.py": HARMS[way]}) is Level.IMPORTED


def test_a_safe_use_and_the_word_take_nothing_away(tmp_path: Path) -> None:
    others = {
        "other/a.py": SAFE,
        "other/b.py": "NAMES = ['yaml', 'json']\n",
        "other/c.py": "import json\n\ndef load(x):\n    return json.load(x)  # not yaml.load\n",
        "other/d.py": "from .yaml import load\n",
    }
    assert level(tmp_path, others) is Level.NOT_CALLED


def test_an_extra_counts_where_the_code_is_compiled(tmp_path: Path) -> None:
    extra = "Provides-Extra: y\nRequires-Dist: PyYAML>=5; extra == 'y'\n"
    assert level(tmp_path / "a", {"other/a.py": ""}, extra) is Level.NOT_CALLED
    assert level(tmp_path / "b", {"other/a.so": ""}, extra) is Level.IMPORTED
    assert level(tmp_path / "c", {"other/a.so": ""}) is Level.NOT_CALLED


@pytest.mark.parametrize("bound", ["MOST_FILES", "MOST_BYTES"])
def test_more_than_is_read_leaves_it_open(
    bound: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, bound, 1)
    assert level(tmp_path, {"other/a.py": "X = 1\n"}) is Level.IMPORTED


def test_a_link_out_of_the_environment_leaves_it_open(tmp_path: Path) -> None:
    (tmp_path / "far.py").write_text("X = 1\n")
    (tmp_path / "env" / ENV / "other").mkdir(parents=True)
    (tmp_path / "env" / ENV / "other/a.py").symlink_to(tmp_path / "far.py")
    assert level(tmp_path, {"other/a.py": "X = 1\n"}) is Level.IMPORTED

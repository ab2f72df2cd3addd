"""What an environment runs at every start of Python is told; what packaging tools write there is not, by content."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from buckler.core.events import GapFound
from buckler.scan.engines.packages.inventory.model import Inventory
from buckler.scan.engines.packages.seen import InventorySeen
from buckler.scan.rules.packages.startup_hook import StartupHook

NAMESPACE = (
    "import sys, types, os;has_mfs = sys.version_info > (3, 5);p = os.path.join(sys._getframe(1)"
    ".f_locals['sitedir'], *('shop',));importlib = has_mfs and __import__('importlib.util');has_mfs and "
    "__import__('importlib.machinery');m = has_mfs and sys.modules.setdefault('shop', importlib.util"
    ".module_from_spec(importlib.machinery.PathFinder.find_spec('shop', [os.path.dirname(p)])));m = m or "
    "sys.modules.setdefault('shop', types.ModuleType('shop'));mp = (m or []) and m.__dict__.setdefault('__path__'"
    ",[]);(p not in mp) and mp.append(p)\n"
)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    made = tmp_path / ".venv/lib/python3.13/site-packages"
    made.mkdir(parents=True)
    return made


def told(root: Path, folder: Path, gaps: list[GapFound] | None = None):
    seen = InventorySeen(
        folder,
        Inventory(os.path.relpath(root, folder), "environment"),
        emit=gaps.append if gaps is not None else lambda event: None,
    )
    return [
        (f.location.path.rpartition("/")[2], f.location.line, f.severity.value)
        for f in StartupHook().check_inventory(seen)
    ]


def test_nothing_is_said_of_a_real_environment() -> None:
    root = Path(sysconfig.get_path("purelib"))
    assert list(root.glob("*.pth"))
    assert told(root, root.parent) == []


@pytest.mark.parametrize(
    ("name", "text", "severity"),
    [
        ("a.pth", "import labels.first\n", "high"),
        ("a.pth", "/opt/shop\nimport\tlabels\n", "high"),
        ("coverage.pth", "import coverage; coverage.process_startup(); import labels\n", "high"),
        ("_virtualenv.pth", "import _virtualenv\n", "high"),
        ("shop-nspkg.pth", NAMESPACE.replace("(p not in mp)", "print(p)"), "high"),
        ("usercustomize.py", "print(1)\n", "high"),
        ("sitecustomize/__init__.py", '"""Words."""\nimport labels\n', "high"),
    ],
)
def test_code_is_told(name: str, text: str, severity: str, library: Path, tmp_path: Path) -> None:
    file = library / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    line = 2 if "/opt" in text else 1
    assert told(tmp_path / ".venv", tmp_path) == [(file.name, line, severity)]


@pytest.mark.parametrize(
    "text",
    [
        "src\n# import labels\n\n  import indented\nimported\n",
        NAMESPACE,
        "import coverage; coverage.process_startup()\n",
        "",
    ],
)
def test_what_is_no_code_or_known_is_not(text: str, library: Path, tmp_path: Path) -> None:
    (library / "some.pth").write_text(text)
    (library / "sitecustomize.py").write_text("\n")
    assert told(tmp_path / ".venv", tmp_path) == []


@pytest.mark.parametrize(
    ("source", "told_of"),
    [
        ("import sys\n\n\ndef patch(dist):\n    dist.prefix = sys.prefix\n", False),
        ("import sys, labels\n", True),
        ("import os\n\nos.system('labels')\n", True),
        ("def broken(:\n", True),
        ("", True),
    ],
)
def test_what_virtualenv_writes_is_told_by_its_content(
    source: str, told_of: bool, library: Path, tmp_path: Path
) -> None:
    (library / "_virtualenv.pth").write_text("import _virtualenv")
    (library / "_virtualenv.py").write_text(source)
    assert bool(told(tmp_path / ".venv", tmp_path)) is told_of


def test_what_python_runs_is_what_is_told(library: Path, tmp_path: Path) -> None:
    """The oracle is ``site`` itself: it runs the lines that are told, and no others."""
    lines = [
        "import os; print(0)",
        " import os; print(1)",
        "# x",
        "import\tos; print(3)",
        "importos",
    ]
    (library / "a.pth").write_text("\n".join(lines))
    code = f"import site; site.addsitedir({str(library)!r})"
    ran = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True).stdout
    assert ran.split() == ["0", "3"]
    assert told(tmp_path / ".venv", tmp_path) == [("a.pth", 1, "high")]


def installed(library: Path, record: str, origin: dict[str, object] | None = None) -> None:
    info = library / "labels-1.0.dist-info"
    info.mkdir()
    (info / "RECORD").write_text(record)
    if origin is not None:
        (info / "direct_url.json").write_text(json.dumps(origin))


def test_who_brings_it_decides(library: Path, tmp_path: Path) -> None:
    (library / "a.pth").write_text("import labels\n")
    installed(library, "a.pth,sha256=x,14\n")
    assert told(tmp_path / ".venv", tmp_path) == [("a.pth", 1, "medium")]
    (library / "a.pth").write_text("import base64; labels = base64.b64decode('eA==')\n")
    assert told(tmp_path / ".venv", tmp_path) == [("a.pth", 1, "high")]


def test_an_editable_installation_is_left_alone_where_its_project_is(
    library: Path, tmp_path: Path
) -> None:
    (library / "a.pth").write_text("import labels\n")
    shop = tmp_path / "my shop"
    installed(library, "a.pth,,\n", {"url": shop.as_uri(), "dir_info": {"editable": True}})
    assert told(tmp_path / ".venv", tmp_path) == [("a.pth", 1, "medium")]  # no such folder
    shop.mkdir()
    (shop / "pyproject.toml").touch()
    assert told(tmp_path / ".venv", tmp_path) == []


def test_what_cannot_be_read_is_said(library: Path, tmp_path: Path) -> None:
    os.mkfifo(library / "pipe.pth")
    (tmp_path / "outside.pth").write_text("import labels\n")
    (library / "link.pth").symlink_to(tmp_path / "outside.pth")
    (library / "bytes.pth").write_bytes(b"\xff\xfe\x00import x\n")
    gaps: list[GapFound] = []
    assert told(tmp_path / ".venv", tmp_path, gaps) == []
    assert sorted(gap.what.rpartition("/")[2] for gap in gaps) == ["link.pth", "pipe.pth"]

"""Hostile and broken projects: a clear message, a report of the rest, the right exit code, and
nothing left running or changed."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from buckler.core.finding import Severity
from buckler.scan.engines.app.session import Options

HEAD = "from fastapi import FastAPI, Request\n\napp = FastAPI()\n\n\n@app.get('/fine')\ndef fine() -> str:\n    return 'x'\n\n\n"


def tree(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        if p.is_file()
        else "folder"
        for p in sorted(folder.rglob("*"))
    }


def children() -> set[str]:
    return {p.name for p in Path("/proc").glob("[0-9]*") if _parent(p) == os.getpid()}


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return -1


@pytest.fixture
def unharmed(project, scan):
    """Scan a project; its files and our processes must be as before."""

    def run(files: dict[str, str | bytes], options: Options | None = None):
        texts = {name: text for name, text in files.items() if isinstance(text, str)}
        folder = project(texts)
        for name, data in files.items():
            if isinstance(data, bytes):
                (folder / name).write_bytes(data)
        before, running = tree(folder), children()
        report = scan(folder, options=options)
        assert tree(folder) == before
        deadline = time.monotonic() + 30
        while not children() <= running:
            assert time.monotonic() < deadline, children() - running
            time.sleep(0.02)
        return report

    return run


def gaps(report) -> str:
    return "\n".join(f"{g.what}: {g.why}" for g in report.coverage.gaps)


def test_a_folder_without_an_application(unharmed) -> None:
    report = unharmed({"tool.py": "x = 1\n"})
    assert "no FastAPI application" in report.failed
    assert report.exit_code(Severity.HIGH) == 4


@pytest.mark.parametrize(
    ("main", "says"),
    [
        ("import nothing_like_this\n", "ModuleNotFoundError"),
        ("raise RuntimeError('not today')\n", "not today"),
        ("import os\nos._exit(3)\n", "exit code 3"),
        ("import sys\nsys.exit('bye')\n", "bye"),
        ("import time\ntime.sleep(600)\n", "within"),
        ("import os\nos.kill(os.getpid(), 9)\n", "could not be started"),
        ("while True:\n    pass\n", "within"),
    ],
    ids=["missing", "raises", "os-exit", "sys-exit", "sleeps", "kills-itself", "spins"],
)
def test_an_application_that_does_not_import(unharmed, main: str, says: str) -> None:
    report = unharmed(
        {"main.py": "from fastapi import FastAPI\napp = FastAPI()\n" + main, "other.py": "y = 2\n"},
        # Of the others each ends by itself, however long a busy machine takes to import FastAPI.
        Options(import_timeout=8.0) if says == "within" else None,
    )
    assert says in report.failed
    assert report.exit_code(Severity.HIGH) == 4
    assert report.coverage.files_parsed == 2


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("newer.py", b"try:\n    pass\nexcept A, B:\n    pass\n"),
        ("older.py", b"try:\n    pass\nexcept A, b:\n    print b\n"),
        ("nul.py", b"x = 1\x00\n"),
        ("encoding.py", b"# -*- coding: latin-1 -*-\nx = '\xe9'\n"),
        ("wrong.py", b"x = '\xff\xfe'\n"),
        ("brackets.py", b"x = " + b"(" * 2000 + b")" * 2000),
        ("long.py", b"x = '" + b"a" * 5_000_000 + b"'\n"),
    ],
)
def test_a_file_that_does_not_parse_is_said(unharmed, name: str, data: bytes) -> None:
    report = unharmed({"main.py": HEAD, name: data})
    assert not report.failed
    assert report.coverage.files_total == 2
    if name in ("encoding.py", "newer.py"):
        assert report.coverage.files_parsed == 2
    else:
        assert report.coverage.files_parsed == 1
        assert f"{name}: it does not parse" in gaps(report) or f"{name}: it is" in gaps(report)


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (
            "import time\n\n\n@app.get('/bad')\ndef bad(q: str = ''):\n    time.sleep(600)\n",
            "GET /bad",
        ),
        (
            "import asyncio\n\n\n@app.get('/bad')\nasync def bad(q: str = ''):\n    await asyncio.sleep(600)\n",
            "GET /bad",
        ),
        (
            "@app.get('/bad')\nasync def bad(q: str = ''):\n    while True:\n        pass\n",
            "GET /bad",
        ),
        (
            "import os\n\n\n@app.get('/bad')\nasync def bad(q: str = ''):\n    os._exit(0)\n",
            "GET /bad",
        ),
        (
            "@app.get('/bad')\nasync def bad(q: str = ''):\n    x = []\n    while True:\n        x.append(bytes(50_000_000))\n",
            "GET /bad",
        ),
        (
            "import os, pathlib\n\n\n@app.get('/bad')\nasync def bad(q: str = ''):\n    n = 0\n    while True:\n"
            "        n += 1\n        pathlib.Path(os.environ['HOME'], str(n)).write_bytes(bytes(20_000_000))\n",
            "wrote more than 512 MiB",
        ),
    ],
    ids=["sleeps", "waits", "spins", "exits", "grows", "fills"],
)
def test_a_handler_that_never_answers(unharmed, handler: str, said: str) -> None:
    report = unharmed({"main.py": HEAD + handler}, Options(request_timeout=1.0))
    assert said in gaps(report)
    fine = next(o for o in report.coverage.operations if o.operation == "GET /fine")
    assert fine.reached


def test_streams_without_end_and_large_answers(unharmed) -> None:
    report = unharmed(
        {
            "main.py": HEAD + "from fastapi.responses import StreamingResponse\n\n\n"
            "@app.get('/endless')\nasync def endless():\n    async def forever():\n        while True:\n"
            "            yield b'x' * 1000\n    return StreamingResponse(forever())\n\n\n"
            "@app.get('/large')\nasync def large():\n    async def gigabyte():\n        for _ in range(1024):\n"
            "            yield b'x' * 1_048_576\n    return StreamingResponse(gigabyte())\n"
        }
    )
    assert all(o.reached for o in report.coverage.operations)


def test_a_schema_that_recurses(unharmed) -> None:
    report = unharmed(
        {
            "main.py": HEAD
            + "from pydantic import BaseModel\n\n\nclass Node(BaseModel):\n    name: str\n    children: list['Node'] = []\n"
            "    parent: 'Node | None' = None\n\n\n@app.post('/nodes')\ndef nodes(node: Node) -> Node:\n    return node\n"
        }
    )
    assert all(o.reached for o in report.coverage.operations)


def test_an_application_that_deletes_its_files_and_prints(unharmed) -> None:
    report = unharmed(
        {
            "main.py": HEAD
            + "import os, pathlib, shutil, sys\nprint('x' * 100_000)\nsys.stdout.close()\nos.close(2)\n"
            "for p in pathlib.Path('.').glob('*.py'):\n    p.unlink()\n"
        }
    )
    assert not report.failed
    assert report.coverage.reached_share == 1


def test_an_application_that_forks_and_starts_programs(unharmed) -> None:
    report = unharmed(
        {
            "main.py": "import os, subprocess\n"
            "try:\n    subprocess.run(['sleep', '600'])\nexcept OSError:\n    pass\n"
            "try:\n    os.fork()\nexcept OSError:\n    pass\n" + HEAD
        }
    )
    assert not report.failed
    assert "sleep 600" in gaps(report)

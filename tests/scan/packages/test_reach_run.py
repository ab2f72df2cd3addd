"""The run behind reachability: when it is made, what is kept of it, and what it says where it is cut short."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from buckler.scan.engines.packages.reach import running
from buckler.scan.engines.packages.reach.level import Level
from tests.scan.packages.reaching import APP_LINES, LOCK, advisory, looked_at, project, reach_in

LEFT_OUT = {"main.py": f"{APP_LINES}    return yaml.safe_load(text)\n"}
REACHED = {"main.py": f"{APP_LINES}    return yaml.full_load(text)\n"}


def level(folder: Path, kept: Path | None = None) -> Level:
    engine, _ = looked_at(folder, kept)
    (seen,) = [s for s in engine.seen if s.weaknesses]
    return seen.reach_of(seen.weaknesses[0]).level


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each run of a project's source."""
    made: list[int] = []
    real = running.run

    def counted(*given: object) -> object:
        made.append(1)
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(running, "run", counted)
    return made


def test_a_run_is_kept_until_a_file_changes(tmp_path: Path, runs: list[int]) -> None:
    folder, kept = project(tmp_path / "shop", LEFT_OUT), tmp_path / "cache" / "shop"
    assert [level(folder, kept), level(folder, kept)] == [Level.NOT_CALLED] * 2
    assert len(runs) == 1
    project(folder, REACHED)
    assert [level(folder, kept), level(folder, kept)] == [Level.ROUTE] * 2
    assert len(runs) == 2


def test_a_kept_run_of_somebody_else_does_not_count(tmp_path: Path, runs: list[int]) -> None:
    folder, kept = project(tmp_path / "shop", REACHED), tmp_path / "cache" / "shop"
    level(folder, kept)
    file = kept / "reach.json"
    data = json.loads(file.read_text())
    for calls in ({**data["calls"], "ways": 5}, [], {"ways": {"x": ["route", [], ""]}}, None):
        file.write_text(json.dumps({**data, "calls": calls}))
        assert level(folder, kept) is Level.ROUTE
    file.write_text("[" * 100_000)
    assert level(folder, kept) is Level.ROUTE
    data["calls"]["ways"] = {}
    file.write_text(json.dumps(data))
    assert level(folder, kept) is Level.IMPORTED  # that is what is kept
    file.chmod(0o666)
    assert level(folder, kept) is Level.ROUTE


def test_nothing_is_run_where_no_weakness_is_near(tmp_path: Path, runs: list[int]) -> None:
    sources = {"main.py": "from fastapi import FastAPI\napp = FastAPI()\n"}
    assert level(project(tmp_path / "1", sources)) is Level.UNSEEN
    said = advisory(fixed="5.0")
    engine, _ = looked_at(project(tmp_path / "2", LEFT_OUT, record=said))
    assert not any(seen.weaknesses for seen in engine.seen)
    assert runs == []


def test_what_is_cut_short_is_a_gap_and_leaves_it_open(tmp_path: Path) -> None:
    lines = "".join(f"    x{n} = {n}\n" for n in range(30_000))
    huge = {
        "main.py": f"{LEFT_OUT['main.py']}\n@app.get('/huge')\ndef huge():\n{lines}    return 1\n"
    }
    engine, gaps = looked_at(project(tmp_path, huge))
    (seen,) = [s for s in engine.seen if s.weaknesses]
    assert seen.reach_of(seen.weaknesses[0]).level is Level.IMPORTED
    (gap,) = gaps
    assert "GET /huge" in gap.why


def test_deep_and_endless_projects_end(tmp_path: Path) -> None:
    calls = "".join(f"def f{n}(x):\n    return f{n + 1}(x)\n\n" for n in range(300))
    deep = f"import yaml\n\n{calls}def f300(x):\n    return yaml.full_load(x)\n"
    round_ = "import a\nimport yaml\n\ndef one(x):\n    return a.two(x)\n\ndef three(x):\n    return one(yaml.full_load(x))\n"
    sources = {
        "main.py": "from fastapi import FastAPI\nimport deep, b\napp = FastAPI()\n\n@app.get('/x')\ndef x(q: str):\n    b.one(q)\n    return deep.f0(q)\n",
        "deep.py": deep,
        "a.py": "import b\n\ndef two(x):\n    return b.three(x)\n",
        "b.py": round_,
    }
    engine, gaps = looked_at(project(tmp_path, sources))
    (seen,) = [s for s in engine.seen if s.weaknesses]
    reach = seen.reach_of(seen.weaknesses[0])
    assert reach.operation == "GET /x"
    assert [step[2] for step in reach.steps[-3:]] == ["two()", "three()", "yaml.full_load"]
    assert not gaps


@pytest.mark.parametrize("files", [1, 30], ids=["in one file", "over thirty files"])
def test_a_request_comes_through_three_thousand_calls(files: int, tmp_path: Path) -> None:
    """Only what is shown of such a way is shortened."""
    count, sources = 3000, {}
    for at in range(files):
        lines = [f"import part{at + 1}\n"] if at + 1 < files else ["import yaml\n"]
        first, last = count * at // files, count * (at + 1) // files
        for n in range(first, last):
            after = f"part{at + 1}.f{n + 1}" if n + 1 == last else f"f{n + 1}"
            called = "yaml.full_load" if n + 1 == count else after
            lines.append(f"def f{n}(x):\n    return {called}(x)\n")
        sources[f"part{at}.py"] = "\n".join(lines)
    main = "from fastapi import FastAPI\nimport part0\napp = FastAPI()\n\n@app.get('/x')\ndef x(q: str):\n    return part0.f0(q)\n"
    reach = reach_in(project(tmp_path, {"main.py": main, **sources}))
    assert (reach.level, reach.operation) == (Level.ROUTE, "GET /x")
    assert [step[2] for step in reach.steps[:3]] == ["GET /x", "x()", "f0()"]
    assert reach.steps[-1][2] == "yaml.full_load" and len(reach.steps) < 100


def test_a_request_among_many_calls_of_one_function_comes_there(tmp_path: Path) -> None:
    """The function is run so often for others that the call of the request is not followed any more."""
    calls = "".join(f"def g{n}():\n    pass\n\nwork.read(g{n}, '')\n" for n in range(150))
    sources = {
        "work.py": "import yaml\n\ndef read(n, text):\n    return yaml.full_load(text)\n",
        "many.py": f"import work\n{calls}",
        "main.py": "from fastapi import FastAPI\nimport many, work\napp = FastAPI()\n\n@app.get('/x')\ndef x(q: str):\n    return work.read(x, q)\n",
    }
    reach = reach_in(project(tmp_path, sources))
    assert (reach.level, reach.operation) == (Level.ROUTE, "GET /x")


def test_an_environment_says_how_a_package_is_imported(tmp_path: Path) -> None:
    lock = LOCK.replace('name = "pyyaml"', 'name = "odd-name"')
    sources = {"main.py": "import strange.part\n"}
    folder = project(
        tmp_path / "shop", sources, lock=lock, record=advisory("odd-name", "CVE-2026-1")
    )
    assert reach_in(folder, "odd-name").level is Level.UNSEEN
    environment = tmp_path / "env"
    info = environment / "lib/python3.11/site-packages/odd_name-5.3.1.dist-info"
    info.mkdir(parents=True)
    (environment / "pyvenv.cfg").write_text("version = 3.11.7\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-name\nVersion: 5.3.1\n")
    rows = [
        "strange/part/__init__.py,,",
        "strange/part/deep.py,,",
        "odd_name-5.3.1.dist-info/RECORD,,",
    ]
    for name, text in (("RECORD", "\n".join(rows)), ("top_level.txt", "strange\n")):
        (info / name).write_text(text)
        engine, _ = looked_at(folder, environment=environment)
        (seen,) = [s for s in engine.seen if s.weaknesses]
        assert seen.reach.level is Level.IMPORTED, name
        (info / name).unlink()

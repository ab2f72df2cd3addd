"""What the source engine says does not depend on the order of files, on hashes, or on a rule that breaks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from buckler.core.events import GapFound
from buckler.core.registry import Registry
from buckler.core.rule import Rule
from buckler.scan.containing import Containment
from buckler.scan.engines.source.engine import SourceEngine
from buckler.scan.engines.source.flow.interface import Flow, Flows
from tests.conftest import ROOT

HEAD = """import os
from fastapi import FastAPI

app = FastAPI()

@app.get("/beside")
def beside(c: str):
    os.system("ls " + c)

"""
RULES = tuple(Registry.load("buckler.scan.rules"))


class Raising(Rule):
    """Raises for each flow that it is asked about."""

    id = "INJ999"
    name = "raising"
    flows = Flows("code", "os.system(0)")

    def check_flow(self, flow: Flow) -> None:
        raise LookupError(flow.call)


class RaisingAtCalls(Rule):
    """Raises for each call that it is asked about."""

    id = "INJ998"
    name = "raising-at-calls"
    calls = "os.system"

    def check_call(self, call: object) -> None:
        raise LookupError("call")


@pytest.mark.parametrize("kind", [Raising, RaisingAtCalls])
def test_a_rule_that_raises_costs_its_own_findings_alone(project, kind: type[Rule]) -> None:
    events: list[object] = []
    contained = Containment(events.append)
    asked = contained.around((kind(), *RULES))
    engine = SourceEngine(project({"main.py": HEAD}), asked, events.append)
    assert "INJ002" in {f.rule for f in engine.run()}
    assert list(contained.broken) == [kind.id]
    assert [e.what for e in events if isinstance(e, GapFound)] == [f"rule {kind.id}"]


PRINTS = """
import sys
from pathlib import Path
from buckler.core.registry import Registry
from buckler.scan.engines.source.engine import SourceEngine

rules = tuple(Registry.load("buckler.scan.rules"))
for finding in SourceEngine(Path(sys.argv[1]), rules, lambda event: None).run():
    print(finding.fingerprint, finding.location, finding.message, [p.data for p in finding.proof])
"""


def test_two_runs_say_the_same_in_the_same_order() -> None:
    said = [
        subprocess.run(
            [sys.executable, "-c", PRINTS, str(ROOT / "examples/insecure_shop")],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0].count("\n") > 10
    assert said[0] == said[1]


def test_the_order_in_which_files_were_written_does_not_matter(tmp_path: Path) -> None:
    files = {
        "main.py": HEAD + "import a, b\napp.include_router(a.r)\napp.include_router(b.r)\n",
        "a.py": "from fastapi import APIRouter\nfrom b import run\nr = APIRouter()\n"
        "@r.get('/a')\ndef a(q: str):\n    run(q)\n",
        "b.py": "import os\nfrom fastapi import APIRouter\nr = APIRouter()\ndef run(x):\n    os.system(x)\n"
        "@r.get('/b')\ndef b(q: str):\n    run(q)\n",
    }
    said = []
    for name, order in (("one", list(files)), ("other", list(files)[::-1])):
        (tmp_path / name).mkdir()
        for path in order:
            (tmp_path / name / path).write_text(files[path])
        engine = SourceEngine(tmp_path / name, RULES, lambda event: None)
        said.append([(f.rule, f.location, f.proof) for f in engine.run()])
    assert len(said[0]) > 1
    assert said[0] == said[1]

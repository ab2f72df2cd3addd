"""What a report says of flows: the way in every format, what became of the attack, many places as one."""

from __future__ import annotations

import json
from pathlib import Path

from buckler.core.finding import Finding
from buckler.core.registry import Registry
from buckler.scan.engines.source.engine import SourceEngine
from buckler.scan.formats import by_name

RULES = tuple(Registry.load("buckler.scan.rules"))

HELPER = """
def lookup(db, word):
    return db.execute("SELECT name FROM items WHERE name = '" + word + "`'").fetchall()
"""
APP = """
import sqlite3

from fastapi import FastAPI

from helper import lookup

app = FastAPI()
db = sqlite3.connect(":memory:", check_same_thread=False)
db.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)")


@app.get("/items")
def items(q: str) -> list[tuple[str]]:
    return lookup(db, q)


@app.get("/rare")
def rare(q: str = "x") -> list[tuple[str]]:
    if "`" not in q:
        return []
    return db.execute(f"SELECT name FROM items WHERE `{q}` = 1").fetchall()
"""


def source_findings(folder: Path) -> list[Finding]:
    return list(SourceEngine(folder, RULES, lambda event: None).run())


def test_a_flow_has_its_whole_way_and_its_slot(project) -> None:
    folder = project({"main.py": APP, "helper.py": HELPER})
    (found,) = [f for f in source_findings(folder) if f.location.path == "helper.py"]
    (proof,) = found.proof
    assert (proof.data["slot"], proof.data["operation"]) == ("query:q", "GET /items")
    places = [(step["path"], step["line"]) for step in proof.data["steps"]]
    assert places[0] == ("main.py", 14)
    assert ("main.py", 15) in places
    assert places[-1] == ("helper.py", 3)
    assert all(step["code"] for step in proof.data["steps"])


def test_a_suspected_flow_gets_every_payload_and_comes_back_proved(project, scan) -> None:
    """Only the sixth payload of the rule has a backquote in it; a bare canary has none."""
    folder = project({"main.py": APP, "helper.py": HELPER})
    report = scan(folder, select=("INJ001",))
    found = {f.location.operation: f for f in report.findings}
    assert found["GET /rare"].confidence == "proved"
    assert {p.kind for p in found["GET /items"].proof} >= {"sink", "exchange", "flow"}


def test_a_path_with_a_converter_is_the_operation_that_was_attacked(project, scan) -> None:
    """The folder is not there, so nothing is opened: payloads are sent and do not arrive."""
    folder = project(
        {
            "main.py": "from fastapi import FastAPI\nfrom fastapi.responses import FileResponse\n\n"
            "app = FastAPI()\n\n\n@app.get('/covers/{name:path}')\n"
            "def cover(name: str) -> FileResponse:\n    return FileResponse(f'covers/{name}')\n"
        }
    )
    (found,) = scan(folder, select=("INJ004",)).findings
    assert found.confidence == "suspected"
    assert found.location.operation == "GET /covers/{name}"
    (flow,) = [proof for proof in found.proof if proof.kind == "flow"]
    assert flow.data["attack"] == "payloads were sent, and none was seen to arrive"


def test_what_was_not_attacked_says_so_in_every_format(project, scan) -> None:
    folder = project({"main.py": APP, "helper.py": HELPER})
    report = scan(folder, select=("INJ001",), engines=("source",))
    found = next(f for f in report.findings if f.location.path == "helper.py")
    assert found.confidence == "suspected"
    assert found.proof[0].data["attack"].startswith("not tried")
    sarif = json.loads(by_name("sarif").render(report))
    (result,) = [
        r
        for r in sarif["runs"][0]["results"]
        if r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "helper.py"
    ]
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert len(steps) == len(found.proof[0].data["steps"])
    assert "main.py:14" in by_name("markdown").render(report)


def test_one_cause_at_many_places_is_told_once(project) -> None:
    routes = "\n".join(
        f"""
@app.get("/n{number}")
def route{number}(key: int) -> dict[str, str]:
    try:
        return {{"found": str(1 / key)}}
    except Exception as error:
        raise HTTPException(500, str(error)) from None
"""
        for number in range(6)
    )
    folder = project(
        {"main.py": f"from fastapi import FastAPI, HTTPException\n\napp = FastAPI()\n{routes}"}
    )
    (found,) = [f for f in source_findings(folder) if f.rule == "ERR002"]
    assert found.message.count("main.py:") == 5

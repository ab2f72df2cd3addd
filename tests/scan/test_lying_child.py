"""An application that speaks in its agent's place: whatever it sends, the scan ends as documented,
with what the other engines found, and reads none of the user's files."""

from __future__ import annotations

import os
import sys
import time
from types import SimpleNamespace

import pytest

from buckler.core.errors import AgentError
from buckler.core.finding import Severity
from buckler.core.settings import Settings
from buckler.scan.engines.app.engine import read_model
from buckler.scan.engines.app.session import Options
from buckler.scan.engines.attack import run
from buckler.scan.merge import attributed
from buckler.scan.model.decode import application as decode

MAIN = """import gc, hashlib, json, struct
from fastapi import FastAPI

app = FastAPI()
channel = [o for o in gc.get_objects() if type(o).__name__ == "Channel"][0]
import _buckler_agent.introspect as introspect
from _buckler_agent import serve


def raw(data):
    data = struct.pack("!I", len(data)) + data
    while data:
        try:
            data = data[channel._write(channel.descriptor, data):]
        except BlockingIOError:
            pass


@app.get("/a")
def a(q: str = "x"):
    return {"a": q}


@app.delete("/items/{item_id}")
def items(item_id: int):
    return {"ok": 1}


def weak(password: str):
    return hashlib.md5(password.encode()).hexdigest()


real_model, real_call = introspect.model, serve.Driver.call


def model(given):
    m = real_model(given)
    operation = m["operations"][0]
    MODEL
    return m


async def call(self, request):
    answer = await real_call(self, request)
    ANSWER
    return answer


introspect.model, serve.Driver.call = model, call
"""

ANSWERS = {
    "a text for an error": 'answer["error"] = "text"',
    "a list within an error": 'answer["error"] = {"type": [1], "frames": 5}',
    "an endless size": 'answer["size"] = float("inf")',
    "a status of forty digits": 'answer["status"] = 10**40',
    "junk without end": 'import time\n    while True: raw(b\'{"kind":"junk"}\')',
    "junk now and then": 'import time\n    while True: raw(b\'{"kind":"junk"}\'); time.sleep(0.5)',
    "an id of no request": 'answer["id"] = 10**9',
    "deep": 'raw(b\'{"kind":"answer","x":\' + b"[" * 900_000)',
    "wide": 'raw(b\'{"kind":"answer","x":[\' + b"[]," * 2_500_000 + b"1]}")',
    "fat": 'answer["body"] = "A" * 30_000_000',
    "a hit of the wrong shape": 'answer["hits"] = [{"sink": "sql", "call": 5, "argument": {}, "frames": [["/dev/zero", 1, "f"]]}]',
    "nested facts": 'x = {}\n    for _ in range(500): x = {"a": x}\n    answer["hits"] = [{"sink": "sql", "call": "c", "argument": "x", "frames": [], "m": x}]',
    "refusals of the wrong shape": 'answer["refused"] = [5]',
    "a headers object": 'answer["headers"] = {"a": "b"}',
}
MODELS = {
    "an endless order": 'operation["order"] = float("inf")',
    "a line out of range": 'operation["place"]["end"] = 10**9',
    "many operations": 'm["operations"] = [dict(operation, path=f"/a{i}") for i in range(15000)]',
    "many parameters": 'operation["parameters"] *= 20000',
    "a nested schema": 's = {}\n    for _ in range(300): s = {"anyOf": [s]}\n    operation["parameters"][0]["schema"] = s',
    "a schema that is none": 'operation["parameters"][0]["schema"] = 5',
    "a mount that is none": 'm["mounts"] = [5]',
    "no list": 'm["operations"] = {"a": 1}',
}


@pytest.fixture(autouse=True)
def few_restarts(monkeypatch) -> None:
    monkeypatch.setattr(run, "MAX_RESTARTS", 2)


def scanned(
    project, scan, *, model: str = "pass", answer: str = "pass", options: Options | None = None
):
    folder = project({"main.py": MAIN.replace("MODEL", model).replace("ANSWER", answer)})
    return scan(folder, options=options, python=sys.executable)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_answers(project, scan, answer: str) -> None:
    begun = time.monotonic()
    report = scanned(project, scan, answer=answer, options=Options(request_timeout=1.0))
    assert time.monotonic() - begun < 60
    assert report.coverage.files_parsed == 1
    assert report.exit_code(Severity.HIGH) in (1, 4)
    assert report.failed or report.coverage.gaps


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_models(project, scan, model: str) -> None:
    report = scanned(project, scan, model=model)
    assert "cannot be" in report.failed or "could not be started" in report.failed
    assert report.coverage.files_parsed == 1
    assert report.exit_code(Severity.HIGH) in (1, 4)


@pytest.mark.parametrize("path", ["OUTSIDE", "../outside.txt", "link.txt", "/dev/zero", "pipe"])
def test_places_outside_of_the_project_are_not_read(project, scan, tmp_path, path: str) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("kept from the report\n")
    folder = project({"main.py": ""})
    (folder / "link.txt").symlink_to(outside)
    os.mkfifo(folder / "pipe")
    named = str(outside) if path == "OUTSIDE" else path
    place = f'{{"path": {named!r}, "line": 1, "end": 1, "name": "x"}}'
    frames = f'[[{named!r}, 1, "f"]]'
    report = scanned(
        project,
        scan,
        model=f'[o.update(place={place}) for o in m["operations"]]',
        answer=f'answer["hits"] = [dict(h, frames={frames}) for h in answer["hits"]]',
    )
    assert report.coverage.requests > 0
    assert not report.failed
    assert "kept from the report" not in str(report.excerpts)
    paths = {f.location.path for f in report.findings}
    assert named not in paths
    assert report.findings


def test_names_of_files_elsewhere_are_not_listed(project, tmp_path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private/diary.txt").write_text("x")
    folder = project({"static/a.css": "x"})
    mounts = [
        {"path": f"/{n}", "application": "StaticFiles", "docs": [], "middleware": []}
        | {"static": {"directories": [str(directory)]}}
        for n, directory in enumerate((tmp_path / "private", folder / "static"))
    ]

    class Main:
        main, label = None, "main:app"

    model = read_model(empty(mounts=mounts), folder, Main(), Settings())
    assert [mount.static["files"] for mount in model.mounts] == [[], ["a.css"]]


def test_a_model_that_cannot_be_read_says_so(tmp_path) -> None:
    with pytest.raises(AgentError, match="cannot be read"):
        decode(empty(operations="x"), main=None, public=(), folder=tmp_path)


def test_a_handler_without_end_costs_nothing() -> None:
    place = SimpleNamespace(path="main.py", line=1, end=10**12)
    operation = SimpleNamespace(place=place, key="GET /a")
    assert attributed([], SimpleNamespace(operations=[operation])) == []


def empty(**changes):
    kinds = ("operations", "mounts", "middleware", "handlers", "docs", "templates", "made_up")
    lists = {kind: [] for kind in kinds}
    rest = {"title": "", "python": "", "versions": {}, "debug": False}
    return {**lists, **rest, "max_body_size": None, "lifespan_failed": None, **changes}

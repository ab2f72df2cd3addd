"""Templates that do not escape: the environment is told to, and ``|safe`` goes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from buckler.core.finding import Finding
from buckler.core.registry import Registry
from buckler.scan.engines.interface import Project
from buckler.scan.engines.source.engine import SourceEngine
from buckler.scan.fix.drafts import draft_of
from buckler.scan.fix.writing import written

RULES = Registry.load("buckler.scan.rules")
SHOWN = """from pathlib import Path

from fastapi.templating import Jinja2Templates

templates = Jinja2Templates(directory=Path(__file__).parent / "templates"{more})
"""
MAIN = """from fastapi import FastAPI, Request

from shown import templates

app = FastAPI()


@app.get("/receipt")
def receipt(request: Request, note: str):
    return templates.TemplateResponse(request, "receipt.html.j2", {"note": note})
"""


def files_of(page: str, more: str = "") -> dict[str, str]:
    name = "templates/receipt.html.j2" if "safe" not in page else "templates/receipt.html"
    main = MAIN if "safe" not in page else MAIN.replace("html.j2", "html")
    return {"main.py": main, "shown.py": SHOWN.format(more=more), name: page}


def repaired(folder: Path) -> bool:
    """Whether the first finding could be repaired, which then is gone."""
    found = findings(folder)
    path = found[0].location.path or ""
    repair = RULES["INJ015"].fix_source(draft_of(folder, path), found[0])
    if not repair:
        return False
    assert not repair.safe
    for made in written(folder, [repair]):
        (folder / made.path).write_bytes(made.data)
    assert findings(folder) == []
    return True


def findings(folder: Path) -> list[Finding]:
    """Those in files of Python, then those in templates."""
    rule = RULES["INJ015"]
    pages = Project(folder, tuple(f"templates/{p.name}" for p in (folder / "templates").iterdir()))
    source = SourceEngine(folder, [rule], lambda gap: None).run()
    return [*source, *rule.check_project(pages)]


@pytest.mark.parametrize("page", ["<p>{{ note }}</p>\n", "<p>{{ note | safe }}</p> {{ 1 }}\n"])
def test_what_is_sent_is_shown_as_text(
    page: str, project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(files_of(page))
    assert repaired(folder)
    monkeypatch.syspath_prepend(str(folder))
    for name in ("main", "shown"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    space: dict[str, Any] = {}
    exec(compile((folder / "main.py").read_text(), str(folder / "main.py"), "exec"), space)
    answer = TestClient(space["app"]).get("/receipt", params={"note": "<b>x</b>"})
    assert "&lt;b&gt;x&lt;/b&gt;" in answer.text
    monkeypatch.delitem(sys.modules, "shown", raising=False)


def test_two_values_of_a_line_are_for_a_person(project: Any) -> None:
    assert not repaired(project(files_of("<p>{{ note|safe }} {{ note|safe }}</p>\n")))


def test_an_environment_of_ones_own_is_for_a_person(project: Any) -> None:
    files = files_of("<p>{{ note }}</p>\n", ")")
    files["shown.py"] = (
        "from fastapi.templating import Jinja2Templates\nfrom jinja2 import Environment, FileSystemLoader\n\n"
        'environment = Environment(loader=FileSystemLoader("templates"))\n'
        "templates = Jinja2Templates(env=environment)\n"
    )
    assert not repaired(project(files))

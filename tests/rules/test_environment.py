"""A route that repeats the environment is found, whatever the format, and an error page too."""

from __future__ import annotations

import pytest

CODE = """
import os

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, PlainTextResponse

app = FastAPI()


@app.exception_handler(Exception)
async def failed(request, error):
    return PlainTextResponse(f"sorry\\n{{os.environ}}", 500)


@app.get("/about")
def about():
    {body}


@app.get("/names")
def names() -> list[str]:
    return [name for name in os.environ if not name.startswith("X")]


@app.get("/masked")
def masked() -> dict[str, str]:
    return {{name: "***" if "SECRET" in name else value for name, value in os.environ.items()}}
"""


@pytest.mark.parametrize(
    "body",
    [
        "return dict(os.environ)",
        "return str(os.environ)",
        "return HTMLResponse('<p>'.join(os.environ.values()))",
    ],
)
def test_the_environment_in_an_answer_is_proved(body: str, project, scan) -> None:
    report = scan(project({"main.py": CODE.format(body=body)}), select=("EXP005",))
    (finding,) = report.findings
    assert (finding.location.operation, finding.confidence.value) == ("GET /about", "proved")
    assert "lxs_" not in repr([p.as_dict() for p in finding.proof])


def test_the_environment_in_an_error_page_is_found_once(project, scan) -> None:
    report = scan(project({"main.py": CODE.format(body="return 1 / 0")}), select=("ERR002",))
    (finding,) = report.findings
    assert finding.location.line in (10, 11)
    assert "environment" in finding.message

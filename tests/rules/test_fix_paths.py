"""Repairs of middlewares that look at a part of the path."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.rules.repairing import application, fixed, repairs

CHECKED = """
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

app = FastAPI()
ENDS = ("/health", "/ready")


@app.middleware("http")
async def check(request: Request, call_next):
    path = request.url.path
    {line}
        return await call_next(request)
    if request.headers.get("authorization") is None:
        return JSONResponse({{"detail": "who are you?"}}, status_code=401)
    return await call_next(request)


@app.get("/health")
def health():
    return "up"


@app.get("/public/news")
def news():
    return "news"


@app.get("/public/weather")
def weather():
    return "rain"


@app.get("/files/{{name:path}}")
def file(name: str):
    return name
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('if "/docs" in request.url.path:', 'if request.url.path.rstrip("/") in ("/docs", "/docs/oauth2-redirect"):'),
        ("if path.endswith(ENDS):", 'if path == "/health":'),
        ('if path.startswith("/public"):', 'if path.rstrip("/") in ("/public/news", "/public/weather"):'),
        ('if path.startswith("/public") and path:', 'if path.rstrip("/") in ("/public/news", "/public/weather") and path:'),
    ],
)  # fmt: skip
def test_routes_that_were_meant(before: str, after: str, tmp_path: Path) -> None:
    made = fixed("ACC015", CHECKED.format(line=before), tmp_path)
    assert made == CHECKED.format(line=after)
    new, old = TestClient(application(made)), TestClient(application(CHECKED.format(line=before)))
    sent = {"authorization": "Bearer a"}
    for path in (
        "/health",
        "/health/",
        "/docs",
        "/docs/",
        "/openapi.json",
        "/public/news",
        "/files/a",
    ):
        assert new.get(path).status_code == old.get(path).status_code
        assert new.get(path, headers=sent).status_code == old.get(path, headers=sent).status_code
    assert new.get("/files/docs").status_code == new.get("/files/a/health").status_code == 401


def test_a_test_that_turns_around(tmp_path: Path) -> None:
    line = "if not path.endswith(ENDS) and 'a' in request.headers:\n        return JSONResponse({{}}, 401)\n    if True:"
    made = fixed("ACC015", CHECKED.format(line=line.replace("{{}}", "{}")), tmp_path)
    assert "if path != \"/health\" and 'a' in request.headers:" in made


@pytest.mark.parametrize(
    "more",
    [
        "app.include_router(other, prefix='/api')",
        "app.mount('/more', other)",
        "add_pages(app)",
        "app.include_router(made(1))",
        "@app.get(NAME)\ndef named(): ...",
    ],
)
def test_unknown_routes_are_reviewed(more: str, tmp_path: Path) -> None:
    line = CHECKED.format(line='if path.startswith("/public"):')
    made = fixed("ACC015", f"{line}\n\n{more}\n", tmp_path, safe=False)
    assert 'if (path == "/public" or path.startswith("/public/")):' in made
    other = CHECKED.format(line="if path.endswith(ENDS):")
    assert fixed("ACC015", f"{other}\n\n{more}\n", tmp_path) is None


@pytest.mark.parametrize("line", ['if "/files" in path:', 'if "/nothing" in path:', 'if "docs" in str(request.url):', 'if path.startswith("/"):'])  # fmt: skip
def test_paths_for_a_person(line: str, tmp_path: Path) -> None:
    assert all(item is None for item in repairs("ACC015", CHECKED.format(line=line), tmp_path))

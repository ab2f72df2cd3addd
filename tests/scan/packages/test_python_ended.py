"""Which Python gets security fixes is known, and what a project asks for is read."""

from __future__ import annotations

from datetime import date

import pytest

from buckler.scan.rules.packages._tables.python_ends import ENDS, ended

APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"


@pytest.mark.parametrize(
    ("version", "today", "gone"),
    [
        ((3, 8), date(2024, 10, 6), False),
        ((3, 8), date(2024, 10, 8), True),
        ((3, 14), date(2026, 11, 29), False),
        ((3, 99), date(2026, 11, 29), False),
        ((2, 6), date(2026, 11, 29), True),
        ((1, 8), date(2026, 11, 29), False),
    ],
)
def test_ends(version: tuple[int, int], today: date, gone: bool) -> None:
    assert (ended(version, today) is not None) is gone


def test_five_years_each() -> None:
    """PEP 602: a version comes out each October from 3.9 on, and is looked after for five years."""
    for (major, minor), day in ENDS.items():
        if (major, minor) >= (3, 9):
            assert (day.year, day.month) == (2025 + minor - 9, 10)


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("Dockerfile", "FROM registry.example/python:3.7.2-alpine AS build\n", [(1, "medium")]),
        ("Dockerfile", "FROM ghcr.io/astral-sh/uv:python3.8-bookworm\n", [(1, "medium")]),
        ("Dockerfile", "FROM tiangolo/uvicorn-gunicorn-fastapi:python3.7\n", [(1, "medium")]),
        ("Dockerfile", "FROM cgr.dev/our-python:3.7\nFROM pythonista:3.7\nFROM ${X\n", []),
        ("Dockerfile", "FROM python@sha256:3.7\nFROM python:${UNKNOWN}\n", []),
        (".python-version", "3.6\n3.14\n", [(1, "medium")]),
        (".python-version", "3.14\n3.6\n", []),
        (".python-version", "99999999999999999999.1\n", []),
        ("runtime.txt", "python-3.7.4\n", [(1, "medium")]),
        ("pyproject.toml", '[project]\nname = "a"\nrequires-python = ">=3.7"\n', [(3, "info")]),
        ("pyproject.toml", '[project]\nrequires-python = "~=3.7.0"\n', [(2, "medium")]),
        ("pyproject.toml", '[project]\nrequires-python = "no version"\n', []),
        ("pyproject.toml", "[project]\nrequires-python = 3\n", []),
    ],
)
def test_where_it_is_read(path: str, text: str, told: list[object], project, scan) -> None:
    folder = project({"main.py": APP, path: text})
    found = scan(folder, select=("PKG009",), engines=("packages",)).findings
    assert [(f.location.line, f.severity.value) for f in found] == told


def test_of_an_environment(project, scan) -> None:
    library = ".venv/lib/python3.7/site-packages"
    folder = project(
        {
            "main.py": APP,
            ".venv/bin/python": "",
            ".venv/pyvenv.cfg": "version = 3.7.17\n",
            f"{library}/fastapi/__init__.py": "",
        }
    )
    (found,) = scan(folder, select=("PKG009",), engines=("packages",)).findings
    assert found.message == "Python 3.7 gets no security fixes since 2023-06-27."
    assert found.location.path == ".venv/pyvenv.cfg"

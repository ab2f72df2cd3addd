"""Test tools among what production installs are told; those of the workshop's own files are not."""

from __future__ import annotations

import pytest

APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"requirements.txt": "fastapi==1.0\nPyTest==9.0\nipdb\n"}, [(3, "medium"), (2, "low")]),
        ({"requirements.txt": "fastapi==1.0\nhttpx2\npytest-shop==1.0\n"}, []),
        ({"dev-requirements.txt": "fastapi==1.0\npytest==9.0\ndebugpy==1.8\n"}, []),
        ({"requirements/ci.txt": "fastapi==1.0\npytest==9.0\nmypy\n"}, []),
    ],
)
def test_of_requirements(files: dict[str, str], told: list[object], project, scan) -> None:
    folder = project({"main.py": APP, **files})
    found = scan(folder, select=("PKG010",), engines=("packages",)).findings
    assert [(f.location.line, f.severity.value) for f in found] == told


def test_an_environment_says_nothing_of_production(project, scan) -> None:
    library = ".venv/lib/python3.13/site-packages"
    folder = project(
        {
            "main.py": APP,
            ".venv/bin/python": "",
            f"{library}/fastapi/__init__.py": "",
            f"{library}/pytest-9.0.dist-info/METADATA": "Name: pytest\nVersion: 9.0\n",
            f"{library}/fastapi-1.0.dist-info/METADATA": "Name: fastapi\nVersion: 1.0\n",
        }
    )
    assert scan(folder, select=("PKG010",), engines=("packages",)).findings == ()

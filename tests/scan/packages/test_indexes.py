"""Which added index can answer for which name, tool by tool."""

from __future__ import annotations

import pytest

from buckler.scan.engines.packages.project_files import check_project
from buckler.scan.rules.packages.extra_index import ExtraPackageIndex

URL = 'url = "https://packages.example/simple"\n'


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("pyproject.toml", f'[[tool.uv.index]]\nname = "a"\n{URL}', [(3, "low")]),
        ("pyproject.toml", f"[[tool.uv.index]]\nexplicit = true\n{URL}", []),
        ("pyproject.toml", f"[[tool.uv.index]]\ndefault = true\n{URL}", []),
        ("uv.toml", f'index-strategy = "unsafe-best-match"\n[[index]]\n{URL}', [(1, "medium")]),
        ("uv.toml", f'[pip]\nextra-index-url = ["{URL[7:-2]}"]\n', [(2, "low")]),
        ("pyproject.toml", f'[[tool.poetry.source]]\nname = "a"\n{URL}', []),
        (
            "pyproject.toml",
            f'[[tool.poetry.source]]\nname = "a"\n{URL}[[tool.poetry.source]]\nname = "b"\n{URL}',
            [(5, "medium")],
        ),
        (
            "pyproject.toml",
            f'[[tool.poetry.source]]\nname = "a"\npriority = "supplemental"\n{URL}',
            [(2, "medium")],
        ),
        ("pyproject.toml", f'[[tool.poetry.source]]\nname = "a"\npriority = "explicit"\n{URL}', []),
        ("pyproject.toml", f'[[tool.pdm.source]]\nname = "a"\n{URL}', [(3, "medium")]),
        ("pyproject.toml", f'[[tool.pdm.source]]\nname = "pypi"\n{URL}', []),
        ("pyproject.toml", "[[tool.uv.index\n", []),
        ("pyproject.toml", "[tool]\nuv = 3\npoetry = { source = [1] }\n", []),
        ("requirements.txt", "--find-links https://files.example/wheels\na==1\n", [(1, "medium")]),
        ("requirements.txt", "--no-index\n--find-links https://files.example/\na==1\n", []),
        ("pip.conf", "[install]\nfind-links = https://files.example/\n", [(2, "medium")]),
        (".env", "PIP_EXTRA_INDEX_URL=https://packages.example/\n", [(1, "medium")]),
        (".env", "PIP_EXTRA_INDEX_URL=\n", []),
        ("Dockerfile", "RUN pip install a \\\n -f https://files.example/\n", [(2, "medium")]),
        ("Dockerfile", "RUN pip install a\nRUN curl -f https://files.example/\n", []),
        ("build.sh", "rm -f https:\ngem install a --extra-index-url x\n", []),
        ("ci.yml", "run: uv pip install a --extra-index-url https://x.example/\n", [(1, "medium")]),
    ],
)
def test_of(path: str, text: str, told: list[object], tmp_path) -> None:
    (tmp_path / path).write_text(text)
    found = check_project(tmp_path, [ExtraPackageIndex()])
    assert [(f.location.line, f.severity.value) for f in found] == told

"""Packages that belong to the workshop and not into production: what tests, formats, checks and debugs."""

from __future__ import annotations

from typing import Final

DEBUGGERS: Final = frozenset(
    """
    bpdb debugpy django-debug-toolbar fastapi-debug-toolbar ipdb madbg manhole pdbpp ptpdb ptvsd pudb pydevd
    pydevd-pycharm rpdb remote-pdb web-pdb
    """.split()
)
"""What stops a program, shows what is in it, or opens a port to do so."""
TOOLS: Final = frozenset(
    """
    autoflake autopep8 bandit basedpyright behave black codespell commitizen cosmic-ray coverage djlint factory-boy
    fakeredis flake8 flake8-bugbear freezegun httpretty hypothesis isort locust mkdocs mkdocs-material mongomock
    moto mutmut mypy nox pep8-naming pip-audit pip-tools pre-commit pycodestyle pydocstyle pyflakes pylint pyright
    pyroma pytest pytest-asyncio pytest-cov pytest-django pytest-env pytest-httpx pytest-mock pytest-randomly
    pytest-sugar pytest-timeout pytest-xdist pyupgrade requests-mock respx responses ruff safety schemathesis
    sphinx testcontainers time-machine tox twine vcrpy vulture yapf
    """.split()
)
"""Normalised (PEP 503)."""

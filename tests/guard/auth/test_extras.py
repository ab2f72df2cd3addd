"""What an extra promises is there after it is installed, and what it leaves out is told by its name."""

from __future__ import annotations

import re
import tomllib

from tests.conftest import ROOT


def extras() -> dict[str, set[str]]:
    found = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        name: {re.split(r"[\[<>=]", one)[0] for one in wanted}
        for name, wanted in found["project"]["optional-dependencies"].items()
    }


def test_what_reads_the_form_of_the_token_route_comes_with_auth() -> None:
    # FastAPI does not register a route that takes a form without it.
    assert "python-multipart" in extras()["auth"]


def test_the_page_installs_the_command_that_it_runs() -> None:
    page = (ROOT / "docs/identities.md").read_text(encoding="utf-8")
    assert "fastapi dev" in page
    assert "'fastapi[standard]'" in page.split("fastapi dev")[0]

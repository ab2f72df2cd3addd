"""What tests of fixers share: a file with one finding, and the file after its repair."""

from __future__ import annotations

import textwrap
from pathlib import Path

from fastapi import FastAPI

from buckler.core.registry import Registry
from buckler.scan.engines.source.engine import SourceEngine
from buckler.scan.fix.drafts import draft_of
from buckler.scan.fix.edits import Repair
from buckler.scan.fix.writing import written

RULES = Registry.load("buckler.scan.rules")


def repairs(rule: str, text: str, folder: Path) -> list[Repair | None]:
    """What a rule makes of each of its findings in a file."""
    (folder / "main.py").write_text(text)
    found = SourceEngine(folder, [RULES[rule]], lambda gap: None).run()
    return [RULES[rule].fix_source(draft_of(folder, "main.py"), item) for item in found]


def fixed(rule: str, text: str, folder: Path, *, safe: bool = True) -> str | None:
    """The file after the repair of what is found at one place, which finds nothing more; None where it stays."""
    repair, *others = repairs(rule, text, folder)
    assert all(other == repair for other in others)
    if repair is None:
        return None
    assert repair.safe is safe
    assert safe or repair.changes
    (made,) = written(folder, [repair])
    compile(made.after, "main.py", "exec")
    assert repairs(rule, made.after, folder) == []
    return made.after


def code(text: str) -> str:
    return textwrap.dedent(text).lstrip("\n")


def application(text: str) -> FastAPI:
    """The application of a file."""
    space: dict[str, object] = {}
    exec(text, space)
    app = space["app"]
    assert isinstance(app, FastAPI)
    return app

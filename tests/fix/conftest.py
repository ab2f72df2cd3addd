"""Drafts of text, and what comes of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from buckler.scan.fix.draft import Draft
from buckler.scan.fix.drafts import draft_of
from buckler.scan.fix.writing import written

Edited = Callable[[str | bytes, Callable[[Draft], None]], bytes]


@pytest.fixture
def edited(tmp_path: Path) -> Edited:
    """What a file becomes when something is done to it."""

    def run(text: str | bytes, change: Callable[[Draft], None]) -> bytes:
        data = text.encode() if isinstance(text, str) else text
        (tmp_path / "module.py").write_bytes(data)
        draft = draft_of(tmp_path, "module.py")
        change(draft)
        repair = draft.repair("changes it")
        if repair is None:
            return data
        (made,) = written(tmp_path, [repair])
        return made.data

    return run

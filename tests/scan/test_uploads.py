"""Operations that take some kinds of files alone are reached with one of those."""

from __future__ import annotations

import pytest

TAKES = """
from pathlib import PurePath

from fastapi import FastAPI, HTTPException, UploadFile

app = FastAPI()


@app.post("/maps")
async def keep(sheet: UploadFile) -> dict[str, int]:
    if {refused}:
        raise HTTPException(415)
    data = await sheet.read()
    if not data.startswith({start!r}):
        raise HTTPException(422)
    return {{"bytes": len(data)}}
"""


@pytest.mark.parametrize(
    ("refused", "start", "proved"),
    [
        ("PurePath(sheet.filename or '').suffix != '.pdf'", b"%PDF", 1),
        ("sheet.content_type not in ('image/png', 'image/gif')", b"\x89PNG", 1),
        ("PurePath(sheet.filename or '').suffix != '.buckler-none'", b"", 0),
    ],
)
def test_a_kind_of_file_that_is_taken(refused, start, proved, project, scan) -> None:
    """Reading all of it into memory is seen only where the file is let in (CWE-770)."""
    folder = project({"main.py": TAKES.format(refused=refused, start=start)})
    report = scan(folder, select=("CFG010",))
    told = [f for f in report.findings if f.confidence.value == "proved"]
    assert len(told) == proved

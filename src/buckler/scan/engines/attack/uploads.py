"""Files of other kinds, for operations that take some kinds alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from buckler.scan.engines.attack.drafts import FILE_CONTENT, Draft

SAMPLES = (
    ("sample.png", "image/png", b"\x89PNG\r\n\x1a\n"),
    ("sample.jpg", "image/jpeg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"),
    ("sample.pdf", "application/pdf", b"%PDF-1.4\n"),
    ("sample.csv", "text/csv", b"name,price\n"),
    ("sample.json", "application/json", b""),
    ("sample.xml", "application/xml", b"<?xml version='1.0'?><sample/>\n"),
)
"""Name, media type, and the bytes by which such a file is known (RFC 2083, 3.1; ISO 10918-5; ISO 32000-1, 7.5.2)."""


def of_every_kind(drafts: Iterable[Draft]) -> Iterator[Draft]:
    """The drafts, and of the last one with a file the same with files of other kinds."""
    last: Draft | None = None
    for draft in drafts:
        yield draft
        last = draft if draft.files else last
    if last is None:
        return
    for name, media_type, start in SAMPLES:
        files = [
            replace(f, name=name, media_type=media_type, content=start + FILE_CONTENT)
            for f in last.files
        ]
        yield replace(last, files=files)

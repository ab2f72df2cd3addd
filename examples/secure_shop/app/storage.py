"""Customers' files: bounded, recognised by their first bytes, and under names of our own."""

import uuid
from pathlib import Path

from fastapi import HTTPException, UploadFile, status

from app.config import settings

CHUNK = 16 * 1024
KINDS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"%PDF-": "application/pdf",
}


def media_type_of(content: bytes) -> str:
    """The kind of a file by its first bytes; anything unknown is plain bytes."""
    for start, media_type in KINDS.items():
        if content.startswith(start):
            return media_type
    return "application/octet-stream"


async def read_bounded(file: UploadFile) -> bytes:
    """The content of an upload; raises 413 as soon as it is too large."""
    content = bytearray()
    while chunk := await file.read(CHUNK):
        content += chunk
        if len(content) > settings.max_upload:
            raise HTTPException(413, "The file is too large")
    return bytes(content)


def keep(content: bytes) -> str:
    """Write a file under a random name; the name is the answer."""
    settings.upload_dir.mkdir(parents=True, exist_ok=True)
    name = uuid.uuid4().hex
    (settings.upload_dir / name).write_bytes(content)
    return name


def stored_path(upload_id: str) -> Path:
    """Where a stored file is; 404 for a name that leaves the folder or is gone."""
    base = settings.upload_dir.resolve()
    path = (base / upload_id).resolve()
    if not path.is_relative_to(base) or not path.is_file():
        raise HTTPException(status.HTTP_404_NOT_FOUND, "No such file")
    return path

"""Customers' files: pictures, PDF and plain text, judged by their content, under names of our own."""

from pathlib import Path

from buckler.guard import SafePath, Upload
from fastapi import HTTPException, status

from app.config import settings

TYPES = {"image/png", "image/jpeg", "application/pdf", "text/plain"}

settings.upload_dir.mkdir(parents=True, exist_ok=True)
uploads = Upload(settings.upload_dir, types=TYPES, max_bytes=settings.max_upload)
folder = SafePath(settings.upload_dir)


def stored_path(upload_id: str) -> Path:
    """Where a stored file is; 404 for a name that leaves the folder or is gone."""
    try:
        path = folder.check(upload_id)
    except ValueError:
        path = None
    if path is None or not path.is_file():
        raise HTTPException(status.HTTP_404_NOT_FOUND, "No such file")
    return path

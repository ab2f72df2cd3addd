"""Files customers send us and files we show them."""

import io
import re
import subprocess
import tarfile
import uuid
import zipfile
from pathlib import Path

from fastapi import HTTPException, UploadFile, status

from app.config import settings

CHUNK = 64 * 1024
MAX_AVATAR = 1024 * 1024
MANUALS = settings.media_dir / "manuals"
GUIDES = settings.media_dir / "guides"


def manual_path(name: str) -> Path:
    """Where the manual of that name is."""
    return MANUALS / name


def guide_path(name: str) -> Path:
    """Where the guide of that name is; 404 for a name outside the folder."""
    base = GUIDES.resolve()
    try:
        path = (base / name).resolve()
        found = path.is_relative_to(base) and path.is_file()
    except (OSError, ValueError):
        found = False
    if not found:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "No such guide")
    return path


def user_folder(user_id: int) -> Path:
    """The upload folder of one customer, made when missing."""
    folder = settings.upload_dir / str(user_id)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


async def save_upload(file: UploadFile, user_id: int) -> Path:
    """Keep an uploaded file under the name it came with."""
    content = await file.read()
    target = user_folder(user_id) / (file.filename or "unnamed")
    with open(target, "wb") as out:
        out.write(content)
    return target


async def save_avatar(file: UploadFile, user_id: int) -> Path:
    """Keep a picture under a name of our own; 413 where it is too big."""
    suffix = ".png" if file.content_type == "image/png" else ".jpg"
    target = user_folder(user_id) / f"{uuid.uuid4().hex}{suffix}"
    content = bytearray()
    while chunk := await file.read(CHUNK):
        content += chunk
        if len(content) > MAX_AVATAR:
            raise HTTPException(413, "Too big")
    target.write_bytes(content)
    return target


def remove_upload(user_id: int, name: str) -> None:
    """Forget an uploaded file."""
    path = user_folder(user_id) / name
    path.unlink(missing_ok=True)


def unpack_pictures(content: bytes, user_id: int) -> list[str]:
    """Unpack a ZIP of product pictures."""
    folder = user_folder(user_id)
    names = []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            with open(folder / entry.filename, "wb") as out:
                out.write(archive.read(entry))
            names.append(entry.filename)
    return names


def unpack_theme(content: bytes, user_id: int) -> list[str]:
    """Unpack a TAR of a shop theme."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(user_folder(user_id), filter="data")
        return archive.getnames()


def describe(name: str) -> str:
    """What kind of file a customer's upload is."""
    done = subprocess.run(["file", "--brief", name], capture_output=True, text=True, timeout=5)
    return done.stdout.strip()


def describe_path(path: Path) -> str:
    """What kind of file one of our own files is."""
    done = subprocess.run(
        ["file", "--brief", "--", str(path)], capture_output=True, text=True, timeout=5
    )
    return done.stdout.strip()


def header_text(value: str) -> str:
    """Text fit for a header line: printable ASCII, nothing else."""
    return re.sub(r"[^\x20-\x7e]", "", value)[:200]

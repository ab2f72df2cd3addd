"""The customer's own files."""

from fastapi import APIRouter, UploadFile
from fastapi.responses import FileResponse
from sqlalchemy import select

from app.db import SessionDep
from app.deps import CurrentUser, OwnUpload
from app.models import Upload
from app.schemas import Done, UploadOut
from app.storage import stored_path, uploads

router = APIRouter(prefix="/files", tags=["files"])


@router.get("", response_model=list[UploadOut])
async def list_files(user: CurrentUser, session: SessionDep) -> list[Upload]:
    """The own files."""
    mine = select(Upload).where(Upload.user_id == user.id).limit(100)
    return list(await session.scalars(mine))


@router.post("", response_model=UploadOut, status_code=201)
async def upload_file(file: UploadFile, user: CurrentUser, session: SessionDep) -> Upload:
    """Keep a file with the account."""
    stored = await uploads.store(file)
    upload = Upload(id=stored.path.name, user_id=user.id, media_type=stored.type)
    session.add(upload)
    await session.commit()
    return upload


@router.get("/{upload_id}")
async def download_file(upload: OwnUpload) -> FileResponse:
    """Fetch one of the own files, always as a download."""
    return FileResponse(
        stored_path(upload.id), media_type=upload.media_type, filename=f"{upload.id}.bin"
    )


@router.delete("/{upload_id}", response_model=Done)
async def delete_file(upload: OwnUpload, session: SessionDep) -> Done:
    """Remove one of the own files."""
    stored_path(upload.id).unlink()
    await session.delete(upload)
    await session.commit()
    return Done(detail="Removed")

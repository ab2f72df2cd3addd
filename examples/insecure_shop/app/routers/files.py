"""Manuals, guides and the customer's own files."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Query, Response, UploadFile
from fastapi.responses import FileResponse, PlainTextResponse

from app.config import settings
from app.deps import CurrentUser
from app.schemas import Answer
from app.storage import (
    describe,
    describe_path,
    guide_path,
    manual_path,
    remove_upload,
    save_avatar,
    save_upload,
    unpack_pictures,
    unpack_theme,
)

router = APIRouter(prefix="/files", tags=["files"])

MAX_ARCHIVE = 5 * 1024 * 1024
PRODUCT_LIST = settings.export_dir / "products.csv"

FileName = Annotated[str, Query(max_length=200)]


@router.get("/manuals/{name:path}")
def read_manual(name: str, user: CurrentUser) -> PlainTextResponse:
    """The manual of a product."""
    try:
        with open(manual_path(name), encoding="utf-8") as manual:
            return PlainTextResponse(manual.read())
    except (OSError, ValueError):
        raise HTTPException(404, "No such manual") from None


@router.get("/guides/{name:path}")
def read_guide(name: str, user: CurrentUser) -> FileResponse:
    """A guide for the garden."""
    return FileResponse(guide_path(name))


@router.post("/uploads", status_code=201)
async def upload(file: UploadFile, user: CurrentUser) -> Answer:
    """Keep a file with the account."""
    target = await save_upload(file, user.id)
    return Answer(data={"name": target.name})


@router.delete("/uploads")
def delete_upload(user: CurrentUser, name: FileName = "old.txt") -> Answer:
    """Remove a file from the account."""
    remove_upload(user.id, name)
    return Answer(detail="Removed")


@router.post("/avatar", status_code=201)
async def upload_avatar(file: UploadFile, user: CurrentUser) -> Answer:
    """Set the picture of the account."""
    target = await save_avatar(file, user.id)
    return Answer(data={"name": target.name, "kind": describe_path(target)})


@router.post("/pictures", status_code=201)
async def upload_pictures(file: UploadFile, user: CurrentUser) -> Answer:
    """Send many pictures at once, as a ZIP."""
    content = await file.read(MAX_ARCHIVE)
    try:
        return Answer(data={"names": unpack_pictures(content, user.id)})
    except Exception:
        raise HTTPException(400, "That is not a ZIP") from None


@router.post("/theme", status_code=201)
async def upload_theme(file: UploadFile, user: CurrentUser) -> Answer:
    """Send the theme of the own gift page, as a TAR."""
    content = await file.read(MAX_ARCHIVE)
    try:
        return Answer(data={"names": unpack_theme(content, user.id)})
    except Exception:
        raise HTTPException(400, "That is not a TAR") from None


@router.get("/kind")
def kind_of_file(user: CurrentUser, name: FileName = "uploads") -> Answer:
    """What kind of file an upload is."""
    return Answer(detail=describe(name))


@router.get("/price-list")
def price_list(user: CurrentUser, name: FileName = "prices.csv") -> Response:
    """The price list, under the name that the customer wants."""
    disposition = f'attachment; filename="{name}"'
    return Response(
        PRODUCT_LIST.read_bytes(),
        media_type="text/csv",
        headers={"Content-Disposition": disposition},
    )


@router.get("/stock-list")
def stock_list(user: CurrentUser, name: FileName = "stock.csv") -> Response:
    """The stock list, under the name that the customer wants."""
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Response(
        PRODUCT_LIST.read_bytes(),
        media_type="text/csv",
        headers={"Content-Disposition": disposition},
    )

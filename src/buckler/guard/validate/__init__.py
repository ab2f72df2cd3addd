"""Types for what comes in: texts, names, paths, addresses, numbers, files. Pydantic v2, usable everywhere in FastAPI.

Each has a ready form (``PlainText``) and a mark that takes bounds (``Annotated[str, Text(max_length=80)]``). Names
are imported when they are asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from buckler.guard.validate import sql
    from buckler.guard.validate.filename import Filename, SafeFilename
    from buckler.guard.validate.html import Html, SafeHtml
    from buckler.guard.validate.identifier import Identifier, Name
    from buckler.guard.validate.kinds import FileType
    from buckler.guard.validate.model import StrictModel
    from buckler.guard.validate.numbers import Amount, Money, Page, PageSize
    from buckler.guard.validate.order import Sort
    from buckler.guard.validate.path import PathRefused, SafePath
    from buckler.guard.validate.public_url import Link, PublicUrl
    from buckler.guard.validate.relative_url import Onward, RelativeUrl
    from buckler.guard.validate.sort import SortField
    from buckler.guard.validate.text import PlainLine, PlainText, Text
    from buckler.guard.validate.upload import StoredFile, Upload, UploadRefused

_PLACES = {
    "Amount": "numbers",
    "FileType": "kinds",
    "Filename": "filename",
    "Html": "html",
    "Identifier": "identifier",
    "Link": "public_url",
    "Money": "numbers",
    "Name": "identifier",
    "Onward": "relative_url",
    "Page": "numbers",
    "PageSize": "numbers",
    "PathRefused": "path",
    "PlainLine": "text",
    "PlainText": "text",
    "PublicUrl": "public_url",
    "RelativeUrl": "relative_url",
    "SafeFilename": "filename",
    "SafeHtml": "html",
    "SafePath": "path",
    "Sort": "order",
    "SortField": "sort",
    "StoredFile": "upload",
    "StrictModel": "model",
    "Text": "text",
    "Upload": "upload",
    "UploadRefused": "upload",
}
__all__ = [
    "Amount",
    "FileType",
    "Filename",
    "Html",
    "Identifier",
    "Link",
    "Money",
    "Name",
    "Onward",
    "Page",
    "PageSize",
    "PathRefused",
    "PlainLine",
    "PlainText",
    "PublicUrl",
    "RelativeUrl",
    "SafeFilename",
    "SafeHtml",
    "SafePath",
    "Sort",
    "SortField",
    "StoredFile",
    "StrictModel",
    "Text",
    "Upload",
    "UploadRefused",
    "sql",
]


def __getattr__(name: str) -> Any:
    if name == "sql":
        return import_module(f"{__name__}.sql")
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{place}"), name)
    globals()[name] = value
    return value

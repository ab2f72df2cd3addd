"""Types for what comes in: texts, names, paths, addresses, numbers, files. Pydantic v2, usable everywhere in FastAPI.

Each has a ready form (``PlainText``) and a mark that takes bounds (``Annotated[str, Text(max_length=80)]``). Names
are imported when they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.lazy import lazy

if TYPE_CHECKING:
    from buckler.guard.validate import sql as sql
    from buckler.guard.validate.filename import Filename as Filename
    from buckler.guard.validate.filename import SafeFilename as SafeFilename
    from buckler.guard.validate.html import Html as Html
    from buckler.guard.validate.html import SafeHtml as SafeHtml
    from buckler.guard.validate.identifier import Identifier as Identifier
    from buckler.guard.validate.identifier import Name as Name
    from buckler.guard.validate.kinds import FileType as FileType
    from buckler.guard.validate.model import StrictModel as StrictModel
    from buckler.guard.validate.numbers import Amount as Amount
    from buckler.guard.validate.numbers import Money as Money
    from buckler.guard.validate.numbers import Page as Page
    from buckler.guard.validate.numbers import PageSize as PageSize
    from buckler.guard.validate.order import Sort as Sort
    from buckler.guard.validate.path import PathRefused as PathRefused
    from buckler.guard.validate.path import SafePath as SafePath
    from buckler.guard.validate.public_url import Link as Link
    from buckler.guard.validate.public_url import PublicUrl as PublicUrl
    from buckler.guard.validate.relative_url import Onward as Onward
    from buckler.guard.validate.relative_url import RelativeUrl as RelativeUrl
    from buckler.guard.validate.sort import SortField as SortField
    from buckler.guard.validate.text import PlainLine as PlainLine
    from buckler.guard.validate.text import PlainText as PlainText
    from buckler.guard.validate.text import Text as Text
    from buckler.guard.validate.upload import StoredFile as StoredFile
    from buckler.guard.validate.upload import Upload as Upload
    from buckler.guard.validate.upload import UploadRefused as UploadRefused
else:
    __getattr__, __all__ = lazy(
        __name__,
        {
            "": ("sql",),
            "filename": ("Filename", "SafeFilename"),
            "html": ("Html", "SafeHtml"),
            "identifier": ("Identifier", "Name"),
            "kinds": ("FileType",),
            "model": ("StrictModel",),
            "numbers": ("Amount", "Money", "Page", "PageSize"),
            "order": ("Sort",),
            "path": ("PathRefused", "SafePath"),
            "public_url": ("Link", "PublicUrl"),
            "relative_url": ("Onward", "RelativeUrl"),
            "sort": ("SortField",),
            "text": ("PlainLine", "PlainText", "Text"),
            "upload": ("StoredFile", "Upload", "UploadRefused"),
        },
    )

"""What a handler does that its answer does not tell: where a cookie is set, an error is made or
an upload is read in one piece (CWE-614, CWE-209, CWE-770).

Each is noted as effects with the line of the project that did it.
"""

from __future__ import annotations

import functools
import sys
from types import ModuleType
from typing import Any

from .. import state
from ..imports import when_imported

LARGE = 1_000_000


def install() -> None:
    """Watch Starlette's responses and uploads."""
    when_imported("starlette.responses", _responses)
    when_imported("starlette.datastructures", _uploads)
    when_imported("starlette.exceptions", _exceptions)


def _note(what: str, depth: int = 2) -> None:
    where = state.frames(sys._getframe(depth))
    if where:
        state.effects.add(f"{what} {where[0][0]}:{where[0][1]}")


def _responses(module: ModuleType) -> None:
    response: Any = module.Response
    real = response.set_cookie

    @functools.wraps(real)
    def set_cookie(self: Any, key: str, *args: Any, **kwargs: Any) -> Any:
        _note(f"set-cookie {key}")
        return real(self, key, *args, **kwargs)

    response.set_cookie = set_cookie


def _uploads(module: ModuleType) -> None:
    upload: Any = module.UploadFile
    real = upload.read

    @functools.wraps(real)
    async def read(self: Any, size: int = -1) -> Any:
        if size < 0 and (getattr(self, "size", None) or 0) > LARGE:
            _note("upload-read")
        return await real(self, size)

    upload.read = read


def _exceptions(module: ModuleType) -> None:
    error: Any = module.HTTPException
    real = error.__init__

    @functools.wraps(real)
    def made(self: Any, *args: Any, **kwargs: Any) -> None:
        real(self, *args, **kwargs)
        _note("http-error")

    error.__init__ = made

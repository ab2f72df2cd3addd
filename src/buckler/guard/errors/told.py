"""An answer whose words are guard's own, and so tell nothing of the inside: they are sent as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException


class ToldError(HTTPException):
    """A refusal that says what to do.

    Args:
        status: Of the answer.
        more: Members of the problem (RFC 9457, 3.2).
        headers: Of the answer.
    """

    def __init__(
        self, status: int, more: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, headers=dict(headers) if headers else None)
        self.more = more

"""Columns that hold the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from typing import Any, Final

from sqlalchemy import Dialect, String, Text
from sqlalchemy.types import TypeDecorator

from buckler.guard.stores.sql.types import Free as Free
from buckler.guard.stores.sql.types import Seconds as Seconds
from buckler.watch.reports import document

_FREE: Final = Free()


class Short(TypeDecorator[str]):
    """The same with a length, for ids and names: what strangers ask for is compared as it is kept, and no error."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """As :class:`Free`."""
        return _FREE.process_bind_param(value, dialect)


class Data(TypeDecorator[Any]):
    """JSON as text. ASCII alone, so that a NUL character or half of a surrogate pair in a report of strangers is
    no text that a database refuses.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """As JSON."""
        return None if value is None else json.dumps(value, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """The values; see :func:`~buckler.watch.reports.document.kept`."""
        return None if value is None else document.kept(value)

"""Columns that hold what the records hold, the same on every database.

Threat: two texts that a program tells apart and its database does not, or the other way round: cut at their
end, at a NUL character, or alike but for their case (CWE-176, CWE-178). A text that identifies something is kept
as it is or not at all; by a text that no database keeps nothing is found.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Dialect, Double, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from buckler.guard.stores.errors import StoreError

LONGEST: Final = 1_024
"""Bytes of a text that identifies: two of them fit into one entry of a PostgreSQL index (2,704 bytes)."""
LONGEST_CREDENTIAL: Final = 1_400
"""A credential id has up to 1,023 bytes (WebAuthn Level 3, 4), 1,364 characters in base64url."""


class UnkeepableError(StoreError):
    """A text that identifies something is too long, or holds what no text of a database may hold."""

    code = "guard.store.text"


def plain_text() -> TypeEngine[str]:
    """Text in the order of its code points, whatever language the database was made for."""
    return Text().with_variant(Text(collation="C"), "postgresql")


def keepable(text: str, most: int = LONGEST) -> bool:
    """Whether a database keeps a text as it is."""
    if "\0" in text or len(text) > most:
        return False
    try:
        return len(text.encode()) <= most
    except UnicodeEncodeError:
        return False


class Exact(TypeDecorator[str]):
    """A text that identifies something.

    Args:
        most: Bytes in UTF-8.
    """

    impl = Text
    cache_ok = True

    def __init__(self, most: int = LONGEST) -> None:
        super().__init__()
        self.most = most

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's own type."""
        return dialect.type_descriptor(
            Text(collation="C") if dialect.name == "postgresql" else Text()
        )

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text itself.

        Raises:
            UnkeepableError: No database keeps it as it is.
        """
        if value is not None and not keepable(value, self.most):
            raise UnkeepableError("a text is too long, or holds a character that cannot be kept")
        return value


class Free(TypeDecorator[str]):
    """A text for people to read; what a database cannot keep in it is replaced."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text, U+FFFD in place of NUL and of lone surrogates."""
        if value is None:
            return None
        whole = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return whole.replace("\0", "\ufffd")


class Seconds(TypeDecorator[float]):
    """A moment or a length of time."""

    impl = Double
    cache_ok = True

    def process_result_value(self, value: float | None, dialect: Dialect) -> float | None:
        """As a float: SQLite keeps whole ones as integers, and RETURNING gives them as such."""
        return None if value is None else float(value)


class Names(TypeDecorator[frozenset[str]]):
    """A set of names, or None, which is not the empty set."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[str] | None, dialect: Dialect) -> str | None:
        """As JSON, in order."""
        return None if value is None else json.dumps(sorted(value), separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> frozenset[str] | None:
        """The set."""
        return None if value is None else frozenset(json.loads(value))


class Details(TypeDecorator[Mapping[str, str]]):
    """Texts by name."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, str] | None, dialect: Dialect) -> str | None:
        """As JSON."""
        return None if value is None else json.dumps(dict(value), separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> dict[str, str] | None:
        """The texts."""
        return None if value is None else dict(json.loads(value))

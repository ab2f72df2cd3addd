"""What a form gave, made into what the interface for programs takes: one way in, with one set of checks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import anyio.from_thread
from pydantic import BaseModel, ValidationError

from buckler.guard.auth.errors import NameRefusedError
from buckler.guard.auth.names import normalise
from buckler.watch.errors import RefusedError

M = TypeVar("M", bound=BaseModel)


def model(kind: type[M], /, **values: Any) -> M:
    """A value of the interface for programs.

    Raises:
        RefusedError: A field is wrong; the message begins with its name.
    """
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise RefusedError(f"{field}: {first['msg'].lower()}") from error


def whole(text: str, field: str) -> int:
    """A whole number.

    Raises:
        RefusedError: It is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise RefusedError(f"{field}: a whole number")
    return int(text)


def end_of_day(text: str, field: str) -> float:
    """The end of a day (UTC) that a form named, seconds since 1970.

    Raises:
        RefusedError: It is no date.
    """
    try:
        day = datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC)
        return (day + timedelta(days=1)).timestamp() - 1
    except (ValueError, OverflowError) as error:
        raise RefusedError(f"{field}: a date such as 2027-01-31") from error


def account(identities: Any, name: str, field: str) -> str:
    """Id of an account; empty where no name was given. From a thread of a handler alone.

    Args:
        identities: Guard's.
        name: As somebody typed it.
        field: What it is for.

    Raises:
        RefusedError: There is no account of this name.
    """
    if not name.strip():
        return ""
    try:
        user = anyio.from_thread.run(identities.stores.users.by_name, normalise(name.strip()))
    except NameRefusedError as error:
        raise RefusedError(f"{field}: nobody can have such a name") from error
    if user is None:
        raise RefusedError(f"{field}: there is no account of this name")
    return str(user.id)

"""Tells what an error's text gives away (CWE-209): the words of an exception, a path, a statement, a version."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_INSIDE = re.compile(
    r"""
      Traceback\ \(most\ recent | \bFile\ "[^"]+",\ line\ \d+
    | (?:^|[\s'"(=])(?:/(?:home|usr|opt|var|etc|srv|app|tmp|root|proc|mnt|run|lib)/|[A-Za-z]:\\)[\w.\\/-]+
    | \b\w+(?:Error|Exception|Warning)\b(?::|\()
    | (?-i:\b(?:SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s.+\sSET|DELETE\s+FROM|DROP\s+TABLE)\b)
    | \b(?:postgresql|postgres|mysql|mariadb|sqlite|mongodb|redis|amqp)(?:\+\w+)?://
    | \b(?:psycopg2?|asyncpg|sqlalchemy|pymysql|sqlite3|pymongo|redis|httpx2?|botocore)\.\w
    | \b(?:python|uvicorn|gunicorn|fastapi|starlette|nginx|postgresql|mysql)[/ ]v?\d+\.\d
    | <\w+(?:\.\w+)*\ object\ at\ 0x[0-9a-f]+>
    | \b(?:10\.\d+|192\.168|172\.(?:1[6-9]|2\d|3[01])|127\.0)\.\d+\.\d+\b
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
MIN_LENGTH = 4
MAX_CAUSES = 8


def tells_inside(text: str, error: BaseException | None = None) -> bool:
    """Whether a text tells how the application works inside.

    Args:
        text: Meant for the caller.
        error: What is being answered; where its text came from an exception that it was raised in
            reply to (``HTTPException(400, str(error))``), it is told.
    """
    if _INSIDE.search(text):
        return True
    return any(len(cause) >= MIN_LENGTH and cause in text for cause in _causes(error))


def _causes(error: BaseException | None) -> Iterator[str]:
    for _ in range(MAX_CAUSES):
        if error is None:
            return
        error = error.__cause__ or error.__context__
        if error is not None:
            yield str(error)
            for argument in error.args:
                if isinstance(argument, str):
                    yield argument


def cleaned(detail: Any, error: BaseException | None = None) -> Any:
    """A JSON value without the texts that tell of the inside; None where all of it does."""
    if isinstance(detail, str):
        return None if tells_inside(detail, error) else detail
    if isinstance(detail, dict):
        return {str(k): cleaned(v, error) for k, v in detail.items()}
    if isinstance(detail, list | tuple):
        return [cleaned(item, error) for item in detail]
    return detail if isinstance(detail, int | float | bool) or detail is None else None

"""Fields of statements, checked: files of others are not trusted to have the types that their format asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from buckler.scan.engines.packages.documents.statements import Malformed

_TOKEN: Final = re.compile(r'"(?:[^"\\\n]|\\.)*+"|[\[\]{},:]|\n|[^\s\[\]{},:"]+')
_SHOWN: Final = 60


def table(value: Any, what: str) -> Mapping[str, Any]:
    """An object.

    Raises:
        Malformed: It is something else.
    """
    if not isinstance(value, dict):
        raise Malformed(f"{what} is not an object")
    return value


def items(value: Any, what: str) -> list[Any]:
    """A list; an empty one for what is not there.

    Raises:
        Malformed: It is something else.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise Malformed(f"{what} is not a list")
    return value


def text(of: Mapping[str, Any], key: str) -> str:
    """A text without blanks around it; empty for what is not there.

    Raises:
        Malformed: It is something else.
    """
    value = of.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Malformed(f"{key} is not a text")
    return value.strip()


def moment(value: str, what: str) -> datetime | None:
    """A moment (RFC 3339), or the begin of a day; None for an empty text.

    Raises:
        Malformed: It is something else.
    """
    if not value:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError as error:
        raise Malformed(f"{what} is {value[:_SHOWN]!r}, which is no date (2026-12-31)") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def document(content: str) -> Any:
    """The values of a JSON document (RFC 8259); a name that stands twice in one object is refused (RFC 7493, 2.3).

    Raises:
        json.JSONDecodeError: It is not JSON.
        Malformed: A name stands twice, or a number has no value or thousands of digits.
        RecursionError: It is nested too deep.
    """
    try:
        return json.loads(content, object_pairs_hook=_once, parse_constant=_refused)
    except (json.JSONDecodeError, Malformed):
        raise
    except ValueError as error:
        raise Malformed("a number has too many digits") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Malformed(f"{twice[:_SHOWN]!r} stands twice in one object")
    return made


def _refused(word: str) -> NoReturn:
    raise Malformed(f"{word} is no value of JSON")


def element_lines(content: str, key: str) -> list[int]:
    """Lines on which the elements of a list begin that stands under a key of the outermost object.

    Args:
        content: JSON, well formed.
        key: Of the list.
    """
    found: list[int] = []
    depth, line, last, inside, fresh = 0, 1, "", False, False
    for token in _TOKEN.finditer(content):
        written = token.group()
        first = written[0]
        if first == "\n":
            line += 1
            continue
        if inside and fresh and depth == 2 and first != "]":
            found.append(line)
            fresh = False
        if first in "[{":
            depth += 1
            if depth == 2:
                inside = fresh = first == "[" and last == key
        elif first in "]}":
            depth -= 1
            inside = inside and depth >= 2
        elif first == "," and depth == 2:
            fresh = inside
        elif first == '"' and depth == 1:
            last = json.loads(written)
    return found

"""Reads JSON of strangers: bounded in size and depth, and every complaint names the place.

Threat: a document that takes all memory or all stack (CWE-400, CWE-674), or one that is half understood and so closes
findings that are there.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json import detect_encoding
from typing import Any, Final

from buckler.watch.errors import RefusedError

MOST_BYTES: Final = 64 * 1024 * 1024
MOST_DEPTH: Final = 100
MOST_TABLES: Final = 3_000_000
"""Each takes a hundred bytes and more, however short it is written."""
MOST_FINDINGS: Final = 50_000
MOST_TEXT: Final = 20_000
_STRINGS: Final = re.compile(rb'"[^"]*"?')
"""The last quote may be missing: a pattern that fails there would begin anew at each quote before it."""
_HALF: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_KEPT_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
_ALIKE: Final = bytes.maketrans(b"{}", b"[]")
_OTHERS: Final = bytes(set(range(256)) - set(b'"[]{}'))


def load(body: bytes, most: int = MOST_BYTES) -> Field:
    """The document as its outermost field.

    Args:
        body: UTF-8.
        most: Bytes.

    Raises:
        RefusedError: It is too large, too deep or no JSON object.
    """
    whole = Field(parsed(body, most, "report").value, "")
    if not isinstance(whole.value, dict):
        raise whole.wrong("is no object")
    return whole


def parsed(body: bytes, most: int, name: str) -> Field:
    """Any JSON value.

    Args:
        body: UTF-8, or what some programs on Windows write: with a mark at the beginning, or UTF-16.
        most: Bytes.
        name: What complaints call it.

    Raises:
        RefusedError: It is too large, too deep or no JSON.
    """
    if len(body) > most:
        raise RefusedError(
            f"{name}: {len(body) / 1024**2:.1f} MiB are more than {most / 1024**2:.1f}",
            hint="send it in parts",
        )
    body = _utf_8(body, name)
    brackets = _brackets(body)
    if brackets.count(b"[") > MOST_TABLES:
        raise RefusedError(f"{name}: it has more than {MOST_TABLES:,} lists and objects")
    if _deep(brackets):
        raise RefusedError(f"{name}: it is nested more than {MOST_DEPTH} deep")
    try:
        value = json.loads(body, parse_constant=_no_number, parse_float=_finite)
        # Half of a surrogate pair can be written as an escape alone, and be kept and answered by nobody.
        return Field(whole(value) if _HALF.search(body) else value, name)
    except json.JSONDecodeError as error:
        where = f"at line {error.lineno}, column {error.colno}"
        raise RefusedError(f"{name}: it is no JSON {where}") from error
    except _NumberError as error:
        raise RefusedError(f"{name}: it is no JSON ({error})") from error
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"{name}: it is no JSON") from error


def kept(text: str) -> Any:
    """The JSON of a row, which an earlier version may have written: nothing is left of it that no answer can hold.

    Args:
        text: As it was kept. Half of a surrogate pair becomes U+FFFD, a number that is none becomes None.
    """
    value = json.loads(text, parse_constant=lambda _: None)
    return whole(value) if _KEPT_HALF.search(text) else value


def whole(value: Any) -> Any:
    """A JSON value with U+FFFD in place of each lone surrogate (RFC 8259, section 8.2)."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        return {whole(key): whole(one) for key, one in value.items()}
    return [whole(one) for one in value] if isinstance(value, list) else value


def _utf_8(body: bytes, name: str) -> bytes:
    """The same in UTF-8, without a mark. Python's own reader lets half of a surrogate pair pass in any encoding."""
    encoding = detect_encoding(body)
    try:
        text = body.decode(encoding)
        return body if encoding == "utf-8" else text.encode()
    except UnicodeError as error:
        raise RefusedError(f"{name}: it is no text in {encoding.upper()}") from error


class _NumberError(ValueError):
    """A number that JSON does not have, or that nothing can hold."""


def _no_number(name: str) -> float:
    raise _NumberError(f"{name} is no number (RFC 8259, section 6)")


def _finite(text: str) -> float:
    found = float(text)
    if math.isinf(found):
        raise _NumberError(f"{text[:40]} is too large")
    return found


def _brackets(body: bytes) -> bytes:
    """The brackets that stand in no string, all of them square.

    Escapes go first, then all but quotes and brackets, then strings; two quotes side by side as well, since those after them
    stand as they did. None of it takes a step in Python for each character of a document of strangers.
    """
    left = body.replace(rb"\\", b"").replace(rb"\"", b"").translate(_ALIKE, _OTHERS)
    return _STRINGS.sub(b"", left.replace(b'""', b""))


def _deep(left: bytes) -> bool:
    """Whether brackets stand in each other more than :data:`MOST_DEPTH` deep: pair by pair goes what is innermost."""
    for _ in range(MOST_DEPTH):
        fewer = left.replace(b"[]", b"")
        if len(fewer) == len(left):
            break
        left = fewer
    # What is never closed counts, too.
    return b"[]" in left or left.count(b"[") > MOST_DEPTH


@dataclass(frozen=True, slots=True)
class Field:
    """A value and where it stands, so that a complaint can say it.

    Attributes:
        value: As JSON has it.
        at: ``runs[0].results[3].level``.
    """

    value: Any
    at: str

    def __getitem__(self, key: str) -> Field:
        return Field(self.table().get(key), f"{self.at}.{key}".lstrip("."))

    def table(self) -> Mapping[str, Any]:
        """The object; an empty one where there is none.

        Raises:
            RefusedError: It is something else.
        """
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise self.wrong("is no object")
        return self.value

    def rows(self, most: int = MOST_FINDINGS) -> Sequence[Field]:
        """The fields of the list; none where there is none.

        Raises:
            RefusedError: It is something else, or too long.
        """
        if self.value is None:
            return ()
        if not isinstance(self.value, list):
            raise self.wrong("is no list")
        if len(self.value) > most:
            raise self.wrong(f"has {len(self.value)} items, more than {most}")
        return [Field(item, f"{self.at}[{number}]") for number, item in enumerate(self.value)]

    def text(self, *, needed: bool = False, most: int = MOST_TEXT) -> str:
        """The text, cut where it is too long; an empty one where there is none.

        Raises:
            RefusedError: It is something else, or it is needed and empty.
        """
        if self.value is None and not needed:
            return ""
        if not isinstance(self.value, str) or (needed and not self.value):
            raise self.wrong("is no text" if self.value is not None else "is missing")
        return self.value[:most].replace("\0", "\ufffd")

    def number(self) -> float | None:
        """The number, or None.

        Raises:
            RefusedError: It is something else.
        """
        if self.value is None:
            return None
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.wrong("is no number")
        try:
            return float(self.value)
        except OverflowError as error:
            raise self.wrong("is too large") from error

    def line(self) -> int | None:
        """A line of a file, or None where there is none that can be."""
        number = self.number()
        return int(number) if number is not None and 1 <= number <= 10_000_000 else None

    def names(self) -> tuple[str, ...]:
        """The texts of a list.

        Raises:
            RefusedError: It is none.
        """
        return tuple(item.text(needed=True, most=200) for item in self.rows())

    def wrong(self, why: str) -> RefusedError:
        """A complaint about this field, to be raised."""
        return RefusedError(f"{self.at or 'report'}: {why}")

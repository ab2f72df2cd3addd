"""Takes what an error says apart: what its caller may read, and one line of it for the log.

Threat: an error that gives away the inside at any depth (CWE-209), and one that quotes so much of a request
that the look at it stops all other requests (CWE-400). All texts of an answer share one budget; what lies
beyond it is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice, takewhile
from typing import Any, Final
from uuid import UUID

from buckler.core.redact import Redactor
from buckler.guard.errors.leaks import MAX_TEXT, causes, tells_inside

MAX_PARTS: Final = 1_000
"""Names, values and items of one answer."""
MAX_DEPTH: Final = 16
OF_A_TEXT: Final = 16
"""Characters that a text costs, however short it is."""
SHORT: Final = 64
"""Characters of a text that costs nothing where it comes again, as the names of a list's items do."""
MAX_LINE: Final = 2_000
"""Characters on one line of the log."""
_CUT: Final = 3_000
_MARGIN: Final = 1_000
"""Characters before a cut that are not shown, where half of a secret may stand that nobody knows as one."""
_LONGEST: Final = 4_096
"""Bits of a number that is written out; Python refuses some thousand digits."""
_OF_AN_ERROR: Final = frozenset(("type", "loc", "msg"))
_OF_THE_CALLER: Final = frozenset(("input", "ctx", "url"))
_REDACTOR: Final = Redactor()


class Details:
    """What one answer says, looked through within one budget.

    Args:
        error: What it answers; what the exceptions behind it say is not said again.
    """

    def __init__(self, error: BaseException | None = None) -> None:
        self._causes = causes(error)
        self._parts = MAX_PARTS
        self._characters = MAX_TEXT
        self._judged: dict[str, bool] = {}

    @property
    def spent(self) -> bool:
        """Whether nothing more is said."""
        return self._parts <= 0 or self._characters <= 0

    def tells(self, text: str) -> bool:
        """Whether a text tells of the inside, or nobody can say so any more."""
        known = self._judged.get(text)
        if known is not None:
            return known
        cost = len(text) + OF_A_TEXT
        if cost > self._characters:
            # A text that does not fit is no end of the budget: those after it may.
            return True
        self._characters -= cost
        told = tells_inside(text, self._causes)
        if len(text) <= SHORT:
            self._judged[text] = told
        return told

    def cleaned(self, detail: Any, depth: int = 0) -> Any:
        """A JSON value without the texts that tell of the inside; None where all of it does.

        Args:
            detail: What the application says.
            depth: How deep it lies; what lies deeper than :data:`MAX_DEPTH` is left out.
        """
        self._parts -= 1
        if isinstance(detail, Enum):
            detail = detail.value
        if isinstance(detail, str):
            return None if self.tells(detail) else detail
        if isinstance(detail, int) and detail.bit_length() > _LONGEST:
            return None
        if isinstance(detail, bool | int | float) or detail is None:
            return detail
        if isinstance(detail, UUID | Decimal | date | datetime | time | timedelta):
            return str(detail)
        if depth >= MAX_DEPTH:
            return None
        if isinstance(detail, Mapping):
            return self._members(detail, depth + 1)
        if isinstance(detail, list | tuple | set | frozenset):
            return [
                self.cleaned(item, depth + 1)
                for item in takewhile(lambda _: not self.spent, detail)
            ]
        return None

    def _members(self, detail: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        # A list of Pydantic's errors repeats what was sent, and names the version.
        skipped = _OF_THE_CALLER if detail.keys() >= _OF_AN_ERROR else frozenset()
        found = {}
        for key, value in detail.items():
            if self.spent:
                break
            name = str(key)
            if name not in skipped and not self.tells(name):
                found[name] = self.cleaned(value, depth)
        return found


def line(value: Any) -> str:
    """A value on one line of the log (CWE-117), without credentials (CWE-532), and no longer than it is read.

    It is cut before credentials are looked for, so that the time does not grow with the value.
    """
    text = ""
    for part in _written(value, 0):
        text += part
        if len(text) > _CUT:
            break
    else:
        return _REDACTOR.text(text)[:MAX_LINE]
    cut = text[:_CUT]
    masked = _REDACTOR.text(cut)
    ends = zip(cut[: -_MARGIN - 1 : -1], masked[: -_MARGIN - 1 : -1], strict=False)
    untouched = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], ends))
    return masked[: len(masked) - untouched][:MAX_LINE] + "…"


def _written(value: Any, depth: int) -> Iterator[str]:
    """A value as Python writes it, at least so much of it as is shown."""
    if isinstance(value, str | bytes):
        yield repr(value[: _CUT + 1])
    elif isinstance(value, int) and value.bit_length() > _LONGEST:
        yield "<a number of many digits>"
    elif not isinstance(value, Mapping | list | tuple | set | frozenset):
        yield repr(value)[: _CUT + 1]
    elif depth >= MAX_DEPTH:
        yield "…"
    elif isinstance(value, Mapping):
        yield "{"
        for key, item in islice(value.items(), _CUT):
            yield from _written(key, depth + 1)
            yield ": "
            yield from _written(item, depth + 1)
            yield ", "
        yield "}"
    else:
        yield "["
        for item in islice(value, _CUT):
            yield from _written(item, depth + 1)
            yield ", "
        yield "]"

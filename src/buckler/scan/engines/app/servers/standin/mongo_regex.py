"""Regular expressions of a query, run by Python's ``re``.

Threat: the pattern may come from a request. One that takes exponential time is refused, and no more
than the beginning of a long text is searched.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import Any

from buckler.scan.engines.app.servers.standin.mongo_bson import Regex
from buckler.scan.engines.app.servers.standin.mongo_errors import MongoError
from buckler.scan.engines.app.servers.standin.mongo_order import same
from buckler.scan.languages.regex import is_exponential

LONGEST = 2_000
"""Characters of a text that are searched, and of a pattern."""
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}
_IGNORED = "lu"


def searched(pattern: Regex, value: Any) -> bool:
    """Whether a pattern is found in a text, or a value is the same pattern."""
    if isinstance(value, Regex):
        return same(pattern, value)
    if not isinstance(value, str):
        return False
    return compiled(pattern.pattern, pattern.options).search(value[:LONGEST]) is not None


@lru_cache(maxsize=256)
def compiled(pattern: str, options: str = "") -> re.Pattern[str]:
    """The pattern as Python has it.

    Raises:
        MongoError: It is none, an option is unknown, or it would take exponential time.
    """
    flags = 0
    for letter in options:
        if letter not in _FLAGS and letter not in _IGNORED:
            raise MongoError(51108, f"invalid flag in regex options: {letter}")
        flags |= int(_FLAGS.get(letter, 0))
    if len(pattern) > LONGEST or "\0" in pattern:
        raise MongoError(51091, "Regular expression is invalid: pattern too long or with zero byte")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = re.compile(pattern, flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise MongoError(51091, f"Regular expression is invalid: {error}") from error
    if is_exponential(pattern, flags):
        raise MongoError(51091, "Regular expression is too expensive for the stand-in")
    return made

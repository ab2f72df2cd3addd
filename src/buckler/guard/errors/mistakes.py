"""One mistake of a request, told by its place, its kind and words that repeat nothing that was sent.

Threat: a password or a script that comes back in a 422, and from there gets into logs and pages
(CWE-209, CWE-532; ASVS 5.0 V16.5.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import chain
from typing import Any, Final, get_args

from buckler.guard.errors.details import Details

MAX_PLACE: Final = 6
MAX_WORDS: Final = 1_024
"""Characters of a message; a longer one quotes something."""
MAX_COMPARED: Final = 16_384
"""Characters of all inputs of an answer that are compared; words about more are not the application's own."""
MAX_PART: Final = 4_096
"""Characters of one part that are; a message that repeats more of it repeats these, too."""
OF_A_PART: Final = 16
"""Characters that a part costs, however short it is."""
LEAST: Final = 12
"""Letters that tell: no word of people's has them in common by chance."""
UNSAID: Final = "The value is not valid"
_REPEATING: Final = frozenset(
    (
        *("value_error", "assertion_error", "union_tag_invalid", "json_invalid", "mapping_type"),
        *("get_attribute_error", "iteration_error", "import_error", "uuid_parsing", "url_parsing"),
        *("url_syntax_violation", "custom_error", "bytes_invalid_encoding"),
    )
)
"""Kinds of Pydantic's own whose words hold a text from elsewhere."""
_END: Final = object()
_SPACE = re.compile(r"\s+")
_PIECES = re.compile(r"[\s@,;:/?&=]+")
_WORDS = re.compile(r"[\W_]+")


def mistakes(
    errors: Iterable[Mapping[str, Any]], declared: frozenset[str] | None = None
) -> list[dict[str, Any]]:
    """Errors of Pydantic's without their inputs, contexts and addresses.

    Args:
        errors: As ``ValidationError.errors()`` has them.
        declared: Names that may stand in a place; None where they are not known.
    """
    words = _Words()
    return [_mistake(error, declared, words) for error in errors]


def _mistake(
    error: Mapping[str, Any], declared: frozenset[str] | None, known: _Words
) -> dict[str, Any]:
    kind = str(error.get("type", ""))
    place = list(error.get("loc", ()))
    if kind == "extra_forbidden":
        place = place[:-1]  # the name was the caller's
    words = str(error.get("msg", ""))
    if kind in ("json_invalid", "custom_error") or not known.are_own(
        kind, words, error.get("input")
    ):
        words = UNSAID
    shown = [
        part
        for part in place[:MAX_PLACE]
        if isinstance(part, int) or (_is_name(part) and (declared is None or str(part) in declared))
    ]
    return {"loc": shown, "type": kind, "msg": words}


class _Words:
    """Judges the words of one answer, all within one budget."""

    def __init__(self) -> None:
        self._details = Details()
        self._left = MAX_COMPARED

    def are_own(self, kind: str, words: str, value: Any) -> bool:
        """Whether words are Pydantic's or the application's, and not what was sent."""
        if kind in _fixed():
            return True
        if len(words) > MAX_WORDS:
            return False
        return not self._details.tells(words) and not self._echo(words, value)

    def _echo(self, words: str, value: Any) -> bool:
        """Whether a message repeats what was sent: all of it or a part that tells, as it was or tidied up."""
        said = _tidy(words)
        plain = not any(c.isdigit() for c in said)
        for part in _parts(value):
            self._left -= min(len(part), MAX_PART) + OF_A_PART
            if self._left < 0:
                return True
            text = _tidy(part.lstrip()[:MAX_PART])
            if len(text) >= 3 and text in said:
                return True
            if len(part) > MAX_PART and len(text) < LEAST:
                return True  # so many blanks in it that what follows them is not compared
            if plain and len(text) < LEAST:
                continue  # a shorter piece tells by its digits alone
            # A part of it: of one that is cut off, or of an address, but no word that people use.
            pieces = {text, *_PIECES.split(text), *_WORDS.split(text)}
            if any(_tells(piece) and piece[:LEAST] in said for piece in pieces):
                return True
        return False


@cache
def _fixed() -> frozenset[str]:
    from pydantic_core.core_schema import ErrorType

    return frozenset(get_args(ErrorType)) - _REPEATING


def _tells(piece: str) -> bool:
    return len(piece) >= LEAST or (len(piece) >= 4 and any(c.isdigit() for c in piece))


def _parts(value: Any) -> Iterator[str]:
    """Every name and value of an input, as text."""
    waiting = [iter((value,))]
    while waiting:
        part = next(waiting[-1], _END)
        if part is _END:
            waiting.pop()
        elif isinstance(part, Mapping):
            waiting.append(chain(part.keys(), part.values()))
        elif isinstance(part, list | tuple | set | frozenset):
            waiting.append(iter(part))
        elif isinstance(part, bytes):
            yield part[: 2 * MAX_PART].decode("utf-8", "replace")
        elif part is not None and not isinstance(part, bool):
            yield str(part)


def _tidy(text: str) -> str:
    return _SPACE.sub(" ", text).strip().casefold()


def _is_name(part: Any) -> bool:
    text = str(part)
    return len(text) <= 64 and text.replace("-", "_").replace(".", "_").isidentifier()

"""One mistake of a request, told by its place, its kind and words that repeat nothing that was sent.

Threat: a password or a script that comes back in a 422, and from there gets into logs and pages
(CWE-209, CWE-532; ASVS 5.0 V16.5.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from buckler.guard.errors.leaks import tells_inside

MAX_PLACE: Final = 6
MAX_PARTS: Final = 10_000
"""Parts of an input that are compared; words about a larger one are not the application's own."""
UNSAID: Final = "The value is not valid"
_REPEATING: Final = frozenset(
    (
        *("value_error", "assertion_error", "union_tag_invalid", "json_invalid", "mapping_type"),
        *("get_attribute_error", "iteration_error", "import_error", "uuid_parsing", "url_parsing"),
        *("url_syntax_violation", "custom_error", "bytes_invalid_encoding"),
    )
)
"""Kinds of Pydantic's own whose words hold a text from elsewhere."""
_SPACE = re.compile(r"\s+")
_PIECES = re.compile(r"[\s@,;:/?&=]+")
_WORDS = re.compile(r"[\W_]+")


def mistake(error: Mapping[str, Any], declared: frozenset[str] | None = None) -> dict[str, Any]:
    """One error of Pydantic's without its input, context and address.

    Args:
        error: As ``ValidationError.errors()`` has it.
        declared: Names that may stand in its place; None where they are not known.
    """
    kind = str(error.get("type", ""))
    place = list(error.get("loc", ()))
    if kind == "extra_forbidden":
        place = place[:-1]  # the name was the caller's
    words = str(error.get("msg", ""))
    if kind in ("json_invalid", "custom_error") or not _are_own(kind, words, error.get("input")):
        words = UNSAID
    shown = [
        part
        for part in place[:MAX_PLACE]
        if isinstance(part, int) or (_is_name(part) and (declared is None or str(part) in declared))
    ]
    return {"loc": shown, "type": kind, "msg": words}


def _are_own(kind: str, words: str, value: Any) -> bool:
    """Whether words are Pydantic's or the application's, and not what was sent."""
    if kind in _fixed():
        return True
    return not tells_inside(words) and not _echoes(words, value)


def _fixed() -> frozenset[str]:
    from pydantic_core.core_schema import ErrorType

    return frozenset(get_args(ErrorType)) - _REPEATING


def _echoes(words: str, value: Any) -> bool:
    """Whether a message repeats what was sent: all of it or a part that tells, as it was or tidied up."""
    said = _tidy(words)
    for count, part in enumerate(_parts(value)):
        if count >= MAX_PARTS:
            return True
        text = _tidy(part)
        if len(text) >= 3 and text in said:
            return True
        # A part of it: of one that is cut off, or of an address, but no word that people use.
        pieces = {text, *_PIECES.split(text[:4096]), *_WORDS.split(text[:4096])}
        if any(_tells(piece) and piece[:12] in said for piece in pieces):
            return True
    return False


def _tells(piece: str) -> bool:
    return len(piece) >= 12 or (len(piece) >= 4 and any(c.isdigit() for c in piece))


def _parts(value: Any) -> Iterator[str]:
    """Every name and value of an input, as text."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            waiting += [*part.keys(), *part.values()]
        elif isinstance(part, list | tuple | set | frozenset):
            waiting += part
        elif isinstance(part, bytes):
            yield part.decode("utf-8", "replace")
        elif part is not None and not isinstance(part, bool):
            yield str(part)


def _tidy(text: str) -> str:
    return _SPACE.sub(" ", text).strip().casefold()


def _is_name(part: Any) -> bool:
    text = str(part)
    return len(text) <= 64 and text.replace("-", "_").replace(".", "_").isidentifier()

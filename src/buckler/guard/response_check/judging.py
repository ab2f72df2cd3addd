"""Looks into JSON answers for what no answer should hold: hashes, keys, tokens, card numbers.

Threat: a field that a model or a query gave away by accident (CWE-200, CWE-201; ASVS 5.0 V15.3.1). In
development and in tests such an answer fails, so that it is seen before it ships; in production it can be
logged, or the field taken out.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from buckler.core.errors import BucklerError
from buckler.core.redact import is_secret_name, words
from buckler.core.shapes import Shape, cards, likely
from buckler.guard.response_check.json_text import Number, Place

Mode = Literal["auto", "fail", "log", "strip"]
MODES: Final = ("auto", "fail", "log", "strip")
_WORD = "(?:password|passwd|pwd|passphrase|passcode|pin|otp|totp|cvv|cvc)"
_STORED = re.compile(
    rf"(?:^|[_-]){_WORD}[_-]?(?:hash|hashed|salt|digest|encrypted)$"
    rf"|(?:^|[_-])(?:hashed|encrypted|raw|plain)[_-]?{_WORD}$|^(?:new_|old_)?{_WORD}$"
    r"|(?:^|[_-])(?:private[_-]?key|totp[_-]?secret|mfa[_-]?secret)$",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"(?:^|[_-])(?:id|at|on|policy|method|methods|type|types|url|uri|name|count|length|expires\w*|strength)$"
    r"|^(?:next|prev|previous|page|cursor|continuation|sync|csrf|xsrf)[_-]",
    re.IGNORECASE,
)
"""Names that tell something about a secret, or of a token that is none: of a page, of a form."""
_CARD_NAME = re.compile(r"card|(?:^|_)(?:pan|cc|ccn|payment)(?:_|$)", re.IGNORECASE)
_EXAMPLE = re.compile(
    r"EXAMPLE|[xX]{6}|0{8}|1234567890|(?:^|:)(?i:pass(?:word|wd)?|pwd|secret)(?:@|$)|[*]{3}|[<{\[…%]"
)
"""What documentation writes in the place of a key or a password."""
_EXEMPLARY = frozenset(("cloud_key", "url_password"))
_MEANT = frozenset(("token", "authorization"))
"""Shapes that a response model may declare."""
SHORTEST: Final = 12
"""Characters of the shortest text that has a secret's shape."""


class AnswerError(BucklerError):
    """An answer held something that looks like a secret, and its route does not declare it."""

    code = "guard.answer"


Step = tuple[Any, int, str | int]
"""The step before, or None at the root; the how-manieth member or item; its name or number."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A field that should not be there.

    Attributes:
        step: The last step to it; None where it is the whole answer.
        shape: What it looks like: ``name``, or one of the shapes of values.
    """

    step: Step | None
    shape: str

    @property
    def path(self) -> tuple[str | int, ...]:
        """Names and numbers that lead to it."""
        return tuple(name for _, name in self._steps())

    @property
    def place(self) -> Place:
        """The same as numbers alone: two members of one name are two places."""
        return tuple(number for number, _ in self._steps())

    def __str__(self) -> str:
        return ".".join(map(str, self.path))

    def _steps(self) -> list[tuple[int, str | int]]:
        found, step = [], self.step
        while step is not None:
            found.append(step[1:])
            step = step[0]
        return found[::-1]


def chosen(mode: Mode | None) -> Mode | None:
    """What ``auto`` stands for here: ``fail`` in development and under pytest, else nothing."""
    if mode != "auto":
        return mode
    return (
        "fail"
        if os.environ.get("FASTAPI_ENV") == "development" or "pytest" in sys.modules
        else None
    )


def is_stored(name: str) -> bool:
    """Whether a field of this name holds what is kept of a password, or the password."""
    return bool(_STORED.search(words(name)))


def leaks(
    content: Any,
    declared: frozenset[str] = frozenset(),
    answered: frozenset[str] = frozenset(),
) -> Iterator[Leak]:
    """What looks like a secret in a JSON value.

    Args:
        content: As :func:`~buckler.guard.response_check.json_text.parsed` gives it.
        declared: Names of fields that the route answers on purpose, in lower case.
        answered: Names that its response model declares: a token there is meant; what is kept of a
            password, a private key and a card's number never are.
    """
    waiting: list[tuple[Step | None, str, Any]] = [(None, "", content)]
    while waiting:
        step, name, value = waiting.pop()
        lower = name.lower()
        if lower in declared:
            continue
        if isinstance(value, tuple):
            waiting += [
                ((step, number, key), key, item) for number, (key, item) in enumerate(value)
            ]
        elif isinstance(value, list):
            # What is in a list bears the list's name.
            waiting += [((step, number, number), name, item) for number, item in enumerate(value)]
        elif isinstance(value, str) and value:
            shape = _shape(name, value, meant=lower in answered and not is_stored(name))
            if shape:
                yield Leak(step, shape)


def _shape(name: str, text: str, *, meant: bool) -> str:
    written = not isinstance(text, Number)
    if written and name and _is_masked(text):
        return ""
    if written and len(text) >= SHORTEST:
        for shape in likely(text):
            if _holds(shape, text) and not (meant and shape.kind in _MEANT):
                return shape.kind
    named = bool(_CARD_NAME.search(words(name)))
    if len(text) >= SHORTEST and any(card.grouped or named for card in cards(text)):
        return "card_number"
    if not written or not name or meant or _ABOUT.search(words(name)):
        return ""
    if is_stored(name):
        return "name" if " " not in text else ""
    # Words such as "token_type": "bearer" are about a secret; a secret is longer and no word.
    random = len(text) >= 16 and not text.isalpha() and " " not in text and "/" not in text[:8]
    return "name" if random and is_secret_name(name) else ""


def _holds(shape: Shape, text: str) -> bool:
    if shape.kind == "authorization" and len(text.split()) > 2:
        return False  # words about a header
    for secret in shape.found(text):
        if shape.kind not in _EXEMPLARY or not _EXAMPLE.search(secret):
            return True
    return False


def _is_masked(text: str) -> bool:
    """``********``, ``****1234``, ``[redacted]``: a secret that is none any more."""
    return bool(re.fullmatch(r"[*x•.…]{3,}\w{0,4}|\[?(?:redacted|hidden|masked)\]?", text, re.I))

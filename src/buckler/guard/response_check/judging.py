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
from functools import lru_cache
from typing import Any, Final, Literal

from buckler.core.errors import BucklerError
from buckler.core.redact import is_secret_name, words
from buckler.core.shapes import SHAPES, WINDOW, Shape, card_steps, likely
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
_MASKED = re.compile(r"[*x•.…]{3,}\w{0,4}|\[?(?:redacted|hidden|masked)\]?", re.IGNORECASE)
_END: Final = object()
LONGEST_NAME: Final = 64
TOGETHER: Final = 256
"""Values, or a dozen times as many characters, that are looked at without an interruption."""
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
    return (leak for leak in steps(content, declared, answered) if leak is not None)


def steps(
    content: Any, declared: frozenset[str], answered: frozenset[str]
) -> Iterator[Leak | None]:
    """The same, with None wherever the look may be interrupted."""
    waiting: list[Iterator[tuple[Step | None, str, Any]]] = [iter(((None, "", content),))]
    count = 0
    while waiting:
        if count >= TOGETHER:
            count = 0
            yield None
        step, name, value = next(waiting[-1], (None, "", _END))
        count += 1
        if value is _END:
            waiting.pop()
        elif name.lower() in declared:
            continue
        elif isinstance(value, tuple):
            waiting.append(_members(step, value))
        elif isinstance(value, list):
            waiting.append(_items(step, name, value))
        elif isinstance(value, str | Number) and value:
            count += len(value) // SHORTEST
            for shape in _shape(name, value, answered):
                if shape:
                    yield Leak(step, shape)
                    break
                yield None


def _members(step: Step | None, value: tuple[Any, ...]) -> Iterator[tuple[Step, str, Any]]:
    numbers = range(len(value) - 1, -1, -1)
    return (((step, n, value[n][0]), value[n][0], value[n][1]) for n in numbers)


def _items(step: Step | None, name: str, value: list[Any]) -> Iterator[tuple[Step, str, Any]]:
    """What is in a list bears the list's name."""
    return (((step, n, n), name, value[n]) for n in range(len(value) - 1, -1, -1))


@dataclass(frozen=True, slots=True)
class _Name:
    """What a field's name says of its value.

    Attributes:
        card: It may be a card's number.
        stored: It is what is kept of a password, or the password.
        about: It tells something about a secret.
        secret: It is likely to be one.
    """

    card: bool
    stored: bool
    about: bool
    secret: bool


@lru_cache(2_048)
def _known(name: str) -> _Name:
    parted = words(name)
    return _Name(
        card=bool(_CARD_NAME.search(parted)),
        stored=is_stored(name),
        about=bool(_ABOUT.search(parted)),
        secret=is_secret_name(name),
    )


def _shape(name: str, value: str | Number, answered: frozenset[str]) -> Iterator[str]:
    """What a value looks like, or nothing; an empty text wherever the look may be interrupted."""
    written = isinstance(value, str)
    long = len(value) >= SHORTEST
    if not long and not written:
        return
    text = value if isinstance(value, str) else value.decode()
    # A name that a caller made up is not kept.
    known = _known(name) if len(name) <= LONGEST_NAME else _known.__wrapped__(name)
    telling = bool(name) and not known.about and (known.stored or known.secret)
    if not (long or telling) or (written and name and _is_masked(text)):
        return
    meant = not known.stored and name.lower() in answered
    if long:
        yield from _formed(text, known, written=written, meant=meant)
    if not written or meant or not telling:
        return
    if known.stored:
        if " " not in text:
            yield "name"
        return
    # Words such as "token_type": "bearer" are about a secret; a secret is longer and no word.
    if len(text) >= 16 and not text.isalpha() and " " not in text and "/" not in text[:8]:
        yield "name"


def _formed(text: str, known: _Name, *, written: bool, meant: bool) -> Iterator[str]:
    """What a long text looks like by its form, whatever it is called."""
    shapes: list[Shape] = []
    if written and len(text) <= WINDOW:
        shapes = likely(text)
    elif written:
        # A tenth of a millisecond for each.
        for one in SHAPES:
            yield ""
            if any(word in text for word in one.words):
                shapes.append(one)
    for shape in shapes:
        for held in _holds(shape, text):
            if held and not (meant and shape.kind in _MEANT):
                yield shape.kind
            elif not held:
                yield ""
    for card in card_steps(text):
        if card is None:
            yield ""
        elif card.grouped or known.card:
            yield "card_number"


def _holds(shape: Shape, text: str) -> Iterator[bool]:
    """True where it holds such a secret; False wherever the look may be interrupted."""
    if shape.kind == "authorization" and len(text.split(None, 2)) > 2:
        return  # words about a header
    for secret in shape.steps(text):
        if secret is None:
            yield False
        elif shape.kind not in _EXEMPLARY or not _EXAMPLE.search(secret):
            yield True


def _is_masked(text: str) -> bool:
    """``********``, ``****1234``, ``[redacted]``: a secret that is none any more."""
    return bool(_MASKED.fullmatch(text))

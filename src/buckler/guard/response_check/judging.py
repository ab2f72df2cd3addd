"""Looks into JSON answers for what no answer should hold: hashes, keys, tokens, card numbers.

Threat: a field that a model or a query gave away by accident (CWE-200, CWE-201; ASVS 5.0 V15.3.1). In
development and in tests such an answer fails, so that it is seen before it ships; in production it can be
logged, or the field taken out.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from buckler.core.errors import BucklerError
from buckler.core.redact import is_secret_name

Mode = Literal["auto", "fail", "log", "strip"]
MODES: Final = ("auto", "fail", "log", "strip")
MAX_ANSWER: Final = 1_048_576
"""Bytes of an answer that is looked into; larger ones pass."""
MAX_DEPTH: Final = 64
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
_SHAPES: Final = {
    "password_hash": re.compile(
        r"\$(?:argon2(?:id|i|d)|2[abxy]|scrypt|pbkdf2[\w-]*|5|6|y|7|bcrypt-sha256)\$\S{20,}|(?:scrypt|pbkdf2)[:_][\w:]+\$\S{16,}"
    ),
    "private_key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "cloud_key": re.compile(
        r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bsk_live_[A-Za-z0-9]{16,}\b|\bxox[abpr]-[A-Za-z0-9-]{20,}"
    ),
    "token": re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{16,}"),
}
_CARD = re.compile(r"(?<![\d.-])\d(?:[ -]?\d){13,18}(?![\d.-])")
_GROUPED = re.compile(r"\d{4}([ -])\d{4}\1\d{4}\1\d{1,4}|\d{4}([ -])\d{6}\2\d{4,5}")
_CARD_NAME = re.compile(r"card|(?:^|_)(?:pan|cc|ccn|payment)(?:_|$)", re.IGNORECASE)
_CARD_STARTS = {14: ("30", "36", "38"), 15: ("34", "37"), 16: ("2", "4", "5", "6"), 19: ("62", "6")}
"""Beginnings of numbers by length; many other numbers have as many digits."""


class AnswerError(BucklerError):
    """An answer held something that looks like a secret, and its route does not declare it."""

    code = "guard.answer"


@dataclass(frozen=True, slots=True)
class Leak:
    """A field that should not be there.

    Attributes:
        path: Names and numbers that lead to it.
        shape: What it looks like: ``name``, or one of the shapes of values.
    """

    path: tuple[str | int, ...]
    shape: str

    def __str__(self) -> str:
        return ".".join(map(str, self.path))


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
    return bool(_STORED.search(name))


def leaks(
    content: Any,
    declared: frozenset[str] = frozenset(),
    answered: frozenset[str] = frozenset(),
) -> Iterator[Leak]:
    """What looks like a secret in a JSON value.

    Args:
        content: As parsed.
        declared: Names of fields that the route answers on purpose, in lower case.
        answered: Names that its response model declares: a token there is meant; what is kept of a
            password, a private key and a card's number never are.
    """
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), content)]
    while waiting:
        path, value = waiting.pop()
        name = str(path[-1]).lower() if path and isinstance(path[-1], str) else ""
        if name in declared:
            continue
        if isinstance(value, dict) and len(path) < MAX_DEPTH:
            waiting += [((*path, key), item) for key, item in value.items()]
        elif isinstance(value, list) and len(path) < MAX_DEPTH:
            waiting += [((*path, index), item) for index, item in enumerate(value)]
        elif isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            meant = name in answered and not is_stored(name)
            shape = _shape(name, value, meant=meant)
            if shape:
                yield Leak(path, shape)


def _shape(name: str, value: str | int, *, meant: bool) -> str:
    text = str(value)
    if name and isinstance(value, str) and _is_masked(text):
        return ""
    for shape, pattern in _SHAPES.items():
        if isinstance(value, str) and pattern.search(text) and not (meant and shape == "token"):
            return shape
    named = bool(_CARD_NAME.search(name))
    if any(_is_card(found.group(), named=named) for found in _CARD.finditer(text[:4096])):
        return "card_number"
    if not name or meant or not isinstance(value, str) or _ABOUT.search(name):
        return ""
    if is_stored(name):
        return "name" if " " not in text else ""
    # Words such as "token_type": "bearer" are about a secret; a secret is longer and no word.
    random = len(text) >= 16 and not text.isalpha() and " " not in text and "/" not in text[:8]
    return "name" if random and is_secret_name(name) else ""


def _is_masked(text: str) -> bool:
    """``********``, ``****1234``, ``[redacted]``: a secret that is none any more."""
    return bool(re.fullmatch(r"[*x•.…]{3,}\w{0,4}|\[?(?:redacted|hidden|masked)\]?", text, re.I))


def _is_card(text: str, *, named: bool) -> bool:
    """Whether digits are a card's number: its beginning, its length, and ISO/IEC 7812-1's check digit.

    One number in ten has a right check digit, so digits without groups count below a telling name alone.
    """
    digits = [int(c) for c in text if c.isdigit()]
    number = "".join(map(str, digits))
    if not number.startswith(_CARD_STARTS.get(len(digits), ("-",))) or len(set(digits)) < 2:
        return False
    if not named and not _GROUPED.fullmatch(text):
        return False
    doubled = [sum(divmod(2 * d, 10)) if i % 2 else d for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def stripped(content: Any, found: list[Leak]) -> bytes:
    """The answer without the fields.

    Args:
        content: As parsed; it is changed.
        found: What to take out.
    """
    for leak in found:
        if not leak.path:
            return b"null"
        holder = content
        for part in leak.path[:-1]:
            holder = holder[part]
        if isinstance(holder, list):
            holder[int(leak.path[-1])] = None
        else:
            holder.pop(leak.path[-1], None)
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()

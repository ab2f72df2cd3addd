"""Keeps secrets out of reports: CWE-532, ASVS 5.0 V16.2.5.

A report is mailed, attached to tickets and kept for years. Whatever looks like a
credential, by its name or its shape (``shapes.py``), is cut to its first characters before it gets there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from buckler.core.shapes import cards, likely

SECRET_NAME = re.compile(
    r"(?:^|[_\W])(?:pass(?:wd|word|phrase|code)?|pwd|secret|token|api[_-]?key|apikey|auth|"
    r"authorization|cookie|credentials?|private[_-]?key|session(?:[_-]?id)?|otp|totp|pin|cvv|"
    r"client[_-]?secret|signature)(?:$|[_\W\d])",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NAMED = re.compile(
    # Bounded: with a free run of letters on either side, the time grows with the square of the text.
    r"""(?ix)
    (?P<name>
        (?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key
           |credentials?|authorization|[?&](?:x-(?:amz|goog)-)?sig(?:nature)?)
        [\w-]{0,64} (?:\\{0,3}["'])? \s{0,8} [=:] \s{0,8}
    )
    (?: "(?P<double> (?:[^"\\]|\\.)++ )
      | '(?P<single> (?:[^'\\]|\\.)++ )
      | \\{1,3}["'] (?P<escaped> [^\\"']++ )
      | (?: (?:basic|bearer|digest|dpop|token|apikey|negotiate) \s{1,4} )?
        (?P<bare> (?!(?:null|true|false|none)\b) [^\s"'&,;}]{4,} )
    )""",
)
_NAMED_WORDS: Final = (
    *("passw", "passphrase", "pwd", "secret", "token", "key"),
    *("credential", "authorization", "sig"),
)
_COOKIES = re.compile(
    r"(?i)cookie[\"']?\s{0,4}:\s{0,4}[\"']?(?P<secret>[^\s\"'=;]{1,64}=[^\r\n\"']{1,4096})"
)
LEAST_DIGITS: Final = 10**13
"""A whole number below has too few digits for a card's."""


def is_secret_name(name: str) -> bool:
    """Whether a field, header or variable of this name is likely to hold a secret."""
    return bool(SECRET_NAME.search(words(name)))


def words(name: str) -> str:
    """A name whose words are parted by ``_``: ``userPassword`` is ``user_Password``."""
    return _CAMEL.sub("_", name)


def mask(value: str) -> str:
    """A secret cut to at most its first three characters: ``abc…(32)``."""
    shown = value[: min(3, len(value) // 4)]
    return f"{shown}…({len(value)})"


class Redactor:
    """Masks known secrets and whatever has the shape of one.

    Args:
        secrets: Values that must never appear, e.g. the tokens of the identities.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = sorted({s for s in secrets if len(s) >= 6}, key=len, reverse=True)

    def know(self, secrets: Iterable[str]) -> None:
        """Mask these from now on, too; what is shorter than six characters is no secret."""
        known = {*self._secrets, *(s for s in secrets if len(s) >= 6)}
        self._secrets = sorted(known, key=len, reverse=True)

    def text(self, value: str) -> str:
        """``value`` with every secret masked."""
        for secret in self._secrets:
            if secret in value:
                value = value.replace(secret, mask(secret))
        for shape in likely(value):
            value = shape.masked(value, mask)
        return _named(_cards(value))

    def headers(self, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Header pairs with the values of telling ones masked."""
        return [
            (name, mask(value) if is_secret_name(name) else self.text(value))
            for name, value in headers
        ]

    def value(self, data: Any) -> Any:
        """Any JSON value: every string in it redacted, its names included, and what has a telling name."""
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, Mapping):
            return {self.value(key): self._member(key, item) for key, item in data.items()}
        if isinstance(data, list | tuple):
            return [self.value(item) for item in data]
        return self.number(data) if isinstance(data, int) else data

    def number(self, value: int) -> int | str:
        """A whole number; masked where it is a card's."""
        if not LEAST_DIGITS <= value < LEAST_DIGITS * 10**6:
            return value
        text = str(value)
        return mask(text) if any(cards(text)) else value

    def _member(self, name: Any, value: Any) -> Any:
        telling = isinstance(name, str) and is_secret_name(name)
        return mask(value) if telling and isinstance(value, str) else self.value(value)


def _cards(text: str) -> str:
    for card in reversed(list(cards(text))):
        text = text[: card.start] + mask(text[card.start : card.end]) + text[card.end :]
    return text


def _named(text: str) -> str:
    """The text with what follows a telling name masked."""
    lower = text.lower()
    if any(word in lower for word in _NAMED_WORDS):
        text = _NAMED.sub(_mask_group, text)
    return _COOKIES.sub(_mask_group, text) if "cookie" in lower else text


def _mask_group(match: re.Match[str]) -> str:
    group = match.lastgroup or "bare"
    start, end = match.start(group) - match.start(), match.end(group) - match.start()
    whole = match.group()
    return whole[:start] + mask(whole[start:end]) + whole[end:]

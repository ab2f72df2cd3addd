"""Keeps secrets out of reports: CWE-532, ASVS 5.0 V16.2.5.

A report is mailed, attached to tickets and kept for years. Whatever looks like a
credential is cut to its first characters before it gets there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

SECRET_NAME = re.compile(
    r"(?:^|[_\W])(?:pass(?:wd|word|phrase|code)?|pwd|secret|token|api[_-]?key|apikey|auth|"
    r"authorization|cookie|credentials?|private[_-]?key|session(?:[_-]?id)?|otp|totp|pin|cvv|"
    r"client[_-]?secret|signature)(?:$|[_\W\d])",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_JWT = re.compile(r"\beyJ[\w-]{6,}\.[\w-]+\.[\w-]*")
_URL_PASSWORD = re.compile(r"(?<=://)([^\s/:@]*):([^\s/@]+)@")
_KEY_BLOCK = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)
_PAIR = re.compile(
    # Bounded: with a free run of letters on either side, the time grows with the square of the text.
    r"(?i)((?:password|passwd|secret|token|api[_-]?key)[\w-]{0,64}[\"']?\s*[=:]\s*[\"']?)"
    r"([^\s\"'&,;}]{4,})"
)


def is_secret_name(name: str) -> bool:
    """Whether a field, header or variable of this name is likely to hold a secret."""
    return bool(SECRET_NAME.search(_CAMEL.sub("_", name)))


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
        value = _JWT.sub(lambda m: mask(m.group()), value)
        value = _URL_PASSWORD.sub(lambda m: f"{m.group(1)}:…@", value)
        value = _KEY_BLOCK.sub(lambda m: f"-----BEGIN {m.group(1)}-----…", value)
        return _PAIR.sub(lambda m: m.group(1) + mask(m.group(2)), value)

    def headers(self, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Header pairs with the values of telling ones masked."""
        return [
            (name, mask(value) if is_secret_name(name) else self.text(value))
            for name, value in headers
        ]

    def value(self, data: Any) -> Any:
        """Any JSON value, every string in it redacted."""
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, Mapping):
            return {key: self.value(item) for key, item in data.items()}
        if isinstance(data, list | tuple):
            return [self.value(item) for item in data]
        return data

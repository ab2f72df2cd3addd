"""Tells constants that are called like a secret and hold a name: of a setting, of a field, of a reason."""

from __future__ import annotations

import re

_GENERIC = frozenset(
    {"secret", "key", "jwt", "app", "session", "signing", "token", "api", "password", "auth", "my"}
    | {
        "private",
        "the",
        "flask",
        "django",
        "fastapi",
        "access",
        "refresh",
        "default",
        "hmac",
        "sign",
    }
)
_SETTING = re.compile(r"^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$")
_FIELD = re.compile(r"^_?[a-z]+(?:_[a-z]+)*$")
_SECRETS = frozenset(
    {"secret", "signing", "private", "jwt", "api", "access", "encryption", "master"}
)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def words(text: str) -> list[str]:
    """The words of a name, in lower case."""
    return [word.lower() for word in _WORDS.findall(text)]


def names_something(name: str, value: str) -> bool:
    """Whether a constant's value is the name of something, though the constant is called like a secret.

    ``ENV_SECRET = "SHOP_SECRET"``, ``REASON_BAD_TOKEN = "bad_token"``: the value says again what the
    constant is called, and that says more than that it is a secret.
    """
    if _SETTING.match(value):
        return True
    own = words(name)
    if own[-1:] == ["key"] and _FIELD.match(value) and not _SECRETS.intersection(own):
        return True
    said = "".join(words(value))
    if not said or not set(own) - _GENERIC:
        return False
    return said in "".join(own) or own[0] in ("env", "reason", "dummy", "header", "cookie", "field")

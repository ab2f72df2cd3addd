"""Whether an answer is a list of settings: told by what stands in it, not by its address."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from buckler.scan.model.secrets import known_format, looks_random, url_password
from buckler.scan.python.words import kind, may_be_key
from buckler.scan.rules._support.data import is_shown, snake

_WORD = re.compile(
    r"^(debug|env(ironment)?|path|home|pwd|hostname|pythonpath|virtual_env|lang|shell|allowed_hosts|algorithm|"
    r"(app_|api_|server_|listen_)?(host|port)|(\w+_)?log_?level|"
    r"(\w+_)?(database|db|redis|broker|sqlalchemy|postgres(ql)?|mysql|mongo(db)?|smtp|amqp|celery|sentry|jwt)_\w+)$"
)
_LOCATION = re.compile(r"(^|_)(ur[il]|dsn|dir|directory|folder|host|port|endpoint|bucket)$")
_SPAN = re.compile(r"(^|_)(seconds|minutes|hours|days|timeout|ttl|expiry|expires_in)$")
_VALUE = re.compile(
    r"^([a-z][a-z0-9]*(\+[a-z0-9]+)?:///?(?!.*\s)|[HREP]S(256|384|512)$|"
    r"/(home|usr|etc|var|opt|srv|app|root|tmp|work|data|run|mnt|code|Users)(/|$)|"
    r"(DEBUG|INFO|WARNING|ERROR|CRITICAL)$|(127\.0\.0\.1|0\.0\.0\.0|localhost)(:\d+)?$)"
)
_WEB = re.compile(r"^https?://", re.IGNORECASE)
_TELLING_SECRET = ("password", "secret", "token", "key")
_LINE = re.compile(r"^(?:export\s+)?([A-Z][A-Z0-9_]{2,})\s*[=:]\s*(\S{2,})", re.MULTILINE)
_RECORD = re.compile(r"^_?(id|pk|uuid|guid)$|^created(_?(at|on))?$", re.IGNORECASE)
_PLANTED = re.compile(r"lxs_[0-9a-f]{40}")
_LIKELY = 2
"""How many values must be likely settings beside secrets, where none is only ever a setting."""


def lines(text: str) -> list[tuple[str, Any]]:
    """The ``NAME=value`` lines of a text, as an environment is written."""
    return [(m.group(1), m.group(2)) for m in _LINE.finditer(text)]


def settings_in(data: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every key and plain value of a JSON value, those of stored records left out.

    What has an identifier or a time of its creation is a row of a table: an API key that was made for
    somebody, a webhook with its secret. Settings have neither.
    """
    if depth > 6:
        return
    if isinstance(data, dict):
        if any(_RECORD.match(snake(str(key))) for key in data):
            return
        for key, value in data.items():
            if isinstance(value, dict | list):
                yield from settings_in(value, depth + 1)
            else:
                yield str(key), value
    elif isinstance(data, list):
        for item in data[:50]:
            yield from settings_in(item, depth + 1)


def shown_secrets(data: list[tuple[str, Any]], configured: Mapping[str, str]) -> list[str]:
    """Names of the secrets that a list of settings shows; empty where it is none.

    A secret and another value that the process is known to be configured with are enough. Else: one secret
    beside something that only settings have (the address of a database, the algorithm of a signature, the
    search path of programs), or several of both. Tokens with the time they last answer a sign-in.

    Args:
        data: Names and values.
        configured: Names of what the process is configured with, by the digest of the value.
    """
    ours = {name: configured[digest(value)] for name, value in data if digest(value) in configured}
    secrets = list(
        dict.fromkeys(
            name
            for name, value in data
            if is_secret(name, value) or (name in ours and is_secret(ours[name], value))
        )
    )
    if not secrets or (len(ours) > 1 and ours.keys() & set(secrets)):
        return secrets
    others = [(name, value) for name, value in data if name not in secrets]
    sure = {name for name, value in others if _only_setting(name, value)}
    likely = {name for name, value in others if _may_be_setting(name, value)} - sure
    sure |= {name for name, value in data if name in secrets and _is_address_with_password(value)}
    if sure:
        return secrets if len(sure) + len(likely) + len(secrets) > 2 else []
    several = len(secrets) > 1 and any(kind(snake(name)) != "token" for name in secrets)
    return secrets if several and len(likely) >= _LIKELY else []


def planted(text: str, configured: Mapping[str, str]) -> str:
    """The secret that the scan put into the environment, where a text repeats it; else empty.

    Args:
        text: Of an answer, in whatever format.
        configured: As for :func:`shown_secrets`.
    """
    found = (match.group() for match in _PLANTED.finditer(text))
    return next((value for value in found if digest(value) in configured), "")


def digest(value: Any) -> str:
    """The digest by which a configured value is known; empty for what is no text."""
    return (
        hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()
        if isinstance(value, str)
        else ""
    )


def is_secret(name: str, value: Any) -> bool:
    """Whether a name and its value are those of a secret that is not masked."""
    if not is_shown(value):
        return False
    if _is_address_with_password(value) or known_format(value):
        return True
    plain = snake(name)
    if kind(plain) in _TELLING_SECRET or re.search(r"(^|_)dsn$", plain):
        return not re.fullmatch(r"\d+(\.\d+)?|true|false|null|none|bearer", value, re.IGNORECASE)
    return may_be_key(plain) and looks_random(value)


def _is_address_with_password(value: Any) -> bool:
    return isinstance(value, str) and "://" in value and bool(url_password(value))


def _only_setting(name: str, value: Any) -> bool:
    if _WORD.match(snake(name)):
        return True
    return isinstance(value, str) and not _WEB.match(value) and bool(_VALUE.match(value))


def _may_be_setting(name: str, value: Any) -> bool:
    plain = snake(name)
    return bool(_LOCATION.search(plain) or _SPAN.search(plain)) and not isinstance(value, bool)

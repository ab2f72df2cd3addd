"""What an answer holds: secrets, personal data, settings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_WAYS = r"md5|sha_?\d{0,3}|bcrypt|scrypt|argon2(id)?|pbkdf2|crypt"
STORED_SECRET = re.compile(
    rf"^((hashed|encrypted|user|{_WAYS})_?)?(pass(word|wd|phrase)|pwd)"
    rf"(_?(hash|hashed|digest|salt|encrypted|{_WAYS}))?$|"
    r"^(pw|pass|key|token|secret|pin|api_?key)_?(hash|digest|salt)$|^salt$|^(pin|cvv|cvc)(_?code)?$|"
    r"^(totp|otp|mfa|two_?factor)_?(secret|key|seed)$|^recovery_?codes?$|^security_?answer$|^ssn$|^private_?key$",
    re.IGNORECASE,
)
SHOWN_SECRET = re.compile(
    r"^(api|secret|access)_?key$|^(client_?|webhook_?|signing_?|jwt_?)?secret$|"
    r"^(reset|verification|activation|refresh|session|remember)_?(token|code)$",
    re.IGNORECASE,
)
_PEOPLE = {
    "e-mail": re.compile(r"e-?mail", re.IGNORECASE),
    "phone": re.compile(r"phone|mobile", re.IGNORECASE),
    "address": re.compile(r"^(street|(home|postal|billing)?_?address(_line)?\d?)$", re.IGNORECASE),
    "date of birth": re.compile(r"birth|^dob$", re.IGNORECASE),
    "bank account": re.compile(r"iban|account_?number|card_?number", re.IGNORECASE),
    "identity number": re.compile(r"^ssn$|national_?id|passport|tax_?(id|number)", re.IGNORECASE),
}
_MASKED = re.compile(r"^[*•x.…\s]+$|^\W*(redacted|masked|hidden|removed)\W*$", re.IGNORECASE)


def parsed(body: bytes) -> Any:
    """A JSON body, or None."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def pairs(data: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every key of the objects in a JSON value, with its value."""
    if depth > 6:
        return
    if isinstance(data, dict):
        for key, value in data.items():
            yield str(key), value
            yield from pairs(value, depth + 1)
    elif isinstance(data, list):
        for item in data[:50]:
            yield from pairs(item, depth + 1)


def is_shown(value: Any) -> bool:
    """Whether a value is there and not masked."""
    return isinstance(value, str) and len(value) >= 4 and not _MASKED.match(value)


def snake(name: str) -> str:
    """``passwordHash`` as ``password_hash``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def has_people(body: bytes) -> str:
    """Kinds of personal data of more than one person, or several of one; else an empty text."""
    data = parsed(body)
    items = (
        data
        if isinstance(data, list)
        else next((v for v in data.values() if isinstance(v, list)), None)
        if isinstance(data, dict)
        else None
    )
    kinds = [
        kind
        for kind, name in _PEOPLE.items()
        if any(name.search(snake(k)) and isinstance(v, str) and len(v) > 4 for k, v in pairs(data))
    ]
    many = isinstance(items, list) and len(items) > 1
    return ", ".join(kinds) if len(kinds) >= 2 or (kinds and many) else ""


def schema_fields(
    schema: Any, depth: int = 0, seen: frozenset[str] = frozenset()
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every named field of a JSON schema, references followed."""
    if not isinstance(schema, dict):
        return
    yield from _fields(schema, schema.get("$defs") or {}, depth, seen)


def _fields(
    schema: dict[str, Any], definitions: dict[str, Any], depth: int, seen: frozenset[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    if depth > 8:
        return
    reference = schema.get("$ref")
    if isinstance(reference, str):
        name = reference.rsplit("/", 1)[-1]
        target = definitions.get(name)
        if name not in seen and isinstance(target, dict):
            yield from _fields(target, definitions, depth + 1, seen | {name})
    for name, child in (schema.get("properties") or {}).items():
        if isinstance(child, dict):
            yield str(name), child
            yield from _fields(child, definitions, depth + 1, seen)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _fields(schema[key], definitions, depth + 1, seen)
    for key in ("anyOf", "allOf", "oneOf", "prefixItems"):
        for child in schema.get(key) or ():
            if isinstance(child, dict):
                yield from _fields(child, definitions, depth + 1, seen)

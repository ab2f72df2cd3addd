"""What a name says about the value behind it: is it a password, a token, a key?

``api_key`` holds a secret and ``api_key_name`` does not: the last word that says something
decides.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache

from buckler.scan.python.index import last

_SPLIT = re.compile(r"[^A-Za-z]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NEUTRAL = frozenset(
    (
        "value str string text bytes raw plain plaintext clear cleartext input given provided sent supplied "
        "received submitted expected actual stored known correct current new old confirm confirmation again repeat "
        "default env b64 base64 encoded decoded header param query cookie form field data in out x my our live prod dev"
    ).split()
)
_NOUNS = frozenset("string text bytes header param query cookie form field data input".split())
PASSWORDS = frozenset("password passwd passphrase passcode pwd pass pw pword psw passwort".split())
_SECRETS = frozenset("secret secrets credential credentials".split())
_TOKENS = frozenset("token tokens jwt bearer authorization accesstoken authtoken".split())
_SIGNATURES = frozenset("signature sig hmac mac digest".split())
_CODES = frozenset("otp totp pin".split())
_KEY_OF = frozenset(
    (
        "api secret private access signing sign encryption encrypt crypto jwt auth master service webhook hmac shared "
        "session cookie fernet aes app application admin internal client server account storage license "
        "stripe openai aws github gitlab slack sendgrid twilio azure google security user"
    ).split()
)
_PLAIN_KEYS = frozenset(
    (
        "cache sort primary foreign partition group dict map lookup object row column index random bucket redis bar "
        "route order field item node storage public publishable hot composite unique natural "
        "idempotency dedup deduplication translation message locale parent child next last first"
    ).split()
)


@lru_cache(maxsize=20_000)
def words(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case, without digits."""
    parts = _SPLIT.split(_CAMEL.sub("_", name))
    return tuple(part.lower() for part in parts if part)


def telling(name: str) -> list[str]:
    """The words of a name up to the last one that says something.

    In a name in capitals (``TOKEN_STRING``) the last word is what it is about.
    """
    found = list(words(name))
    neutral = _NEUTRAL - _NOUNS if name.isupper() else _NEUTRAL
    while len(found) > 1 and found[-1] in neutral:
        found.pop()
    return found


@lru_cache(maxsize=20_000)
def kind(name: str) -> str:
    """``password``, ``secret``, ``token``, ``key``, ``signature``, ``code`` or an empty text."""
    found = telling(name)
    if not found:
        return ""
    final = found[-1]
    before = found[-2] if len(found) > 1 else ""
    if final in PASSWORDS and not (final == "pass" and before in ("by", "did", "no")):
        return "password"
    if final in _SECRETS:
        return "secret"
    if final in _TOKENS:
        return "token"
    if final in _SIGNATURES:
        return "signature"
    if final in _CODES or (
        final == "code"
        and before
        in (
            "verification",
            "reset",
            "otp",
            "security",
            "backup",
            "recovery",
            "login",
            "access",
            "auth",
        )
    ):
        return "code"
    if final in ("apikey", "secretkey", "accesskey", "privatekey") or (
        final in ("key", "keys") and before in _KEY_OF
    ):
        return "key"
    return ""


def ends(name: str, *finals: str) -> bool:
    """Whether the last word of a name is one of these."""
    return words(name)[-1:] in [(final,) for final in finals]


def may_be_key(name: str) -> bool:
    """Whether a value of this name opens something, if what else is known of it says so.

    ``billing_key`` may; ``cache_key`` only names an entry. A lone ``key`` may, too.
    """
    found = telling(name)
    return found[-1:] == ["key"] and not _PLAIN_KEYS.intersection(found[-2:-1])


def is_password(name: str) -> bool:
    """Whether a value of this name is a password that a person chose."""
    return kind(name) == "password"


def name_of(node: ast.AST) -> str:
    """What an expression is called: a name, an attribute, a key, the argument of ``.get``.

    Calls that only change the shape (``str``, ``.encode()``, ``.get_secret_value()``) are seen through.
    """
    match node:
        case ast.Name() | ast.Attribute():
            return last(node)
        case ast.Subscript(slice=ast.Constant(value=str() as key)):
            return key
        case ast.Subscript():
            return name_of(node.value)
        case ast.Await():
            return name_of(node.value)
        case ast.BoolOp():
            return name_of(node.values[0])
        case ast.Call(
            func=ast.Attribute(attr="get" | "pop"), args=[ast.Constant(value=str() as key), *_]
        ):
            return key
        case ast.Call(func=ast.Attribute(attr="get" | "pop") as method):
            return name_of(method.value)
        case ast.Call(
            func=ast.Attribute(
                attr="encode" | "decode" | "get_secret_value" | "strip" | "lower" | "casefold"
            ) as method
        ):
            return name_of(method.value)
        case ast.Call(func=ast.Name(id="str" | "bytes"), args=[inner, *_]):
            return name_of(inner)
    return ""


def root_of(node: ast.AST) -> str:
    """The name at the front of a chain: ``settings`` of ``settings.auth.key``."""
    while True:
        match node:
            case ast.Attribute() | ast.Subscript() | ast.Await():
                node = node.value
            case ast.Call():
                node = node.func
            case ast.Name():
                return node.id
            case _:
                return ""

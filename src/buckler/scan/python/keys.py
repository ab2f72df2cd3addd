"""Keys that something is signed with: tokens, session cookies, links, webhooks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from buckler.scan.model.secrets import is_weak_key
from buckler.scan.python.constants import Value, texts, value_of
from buckler.scan.python.index import Index, argument, last, parameter, parameters
from buckler.scan.python.tokens import makings, readings

_SERIALIZERS = frozenset(
    "URLSafeSerializer URLSafeTimedSerializer TimedSerializer Serializer JSONWebSignatureSerializer "
    "TimedJSONWebSignatureSerializer Signer TimestampSigner".split()
)
_CALLED = (
    *_SERIALIZERS,
    *("SessionMiddleware", "add_middleware", "Middleware", "new", "digest", "import_key"),
)
DRAWN = frozenset(
    ("secrets.token_bytes", "secrets.token_hex", "secrets.token_urlsafe", "os.urandom")
)
"""What gives random bytes, or a text of them."""
_MATERIAL = re.compile(r"secret|key|ikm|material|seed", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Key:
    """A key and the call that uses it.

    Attributes:
        use: What it signs, for people.
        value: What it is worth, where that is known.

    """

    call: ast.Call
    node: ast.expr
    use: str
    value: Value | None


def signing_keys(index: Index) -> Iterator[Key]:
    """The keys that are given to functions that sign, in order."""
    for call, node, use in _uses(index):
        value = value_of(index, node)
        yield Key(call, node, use, value)
        if value is None:
            yield from _given(index, call, node, use)


def _given(index: Index, call: ast.Call, node: ast.expr, use: str) -> Iterator[Key]:
    """What the callers in this module give to a helper that signs."""
    names = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
    function = index.function_of(call)
    if function is None or len(names) != 1 or parameter(function, names[0].id) is None:
        return
    own = [p.arg for p in parameters(function) if p.arg not in ("self", "cls")]
    for caller in index.callers(function):
        given = argument(
            caller, names[0].id, own.index(names[0].id) if names[0].id in own else None
        )
        if given is not None:
            yield Key(caller, given, use, value_of(index, given))


def _uses(index: Index) -> Iterator[tuple[ast.Call, ast.expr, str]]:
    for call, _, key in makings(index):
        if key is not None and not _is_public(index, argument(call, "algorithm", 2)):
            yield call, _inner(index, key), "tokens"
    for reading in readings(index):
        if (
            reading.key is not None
            and reading.verified is not False
            and not _is_public(index, reading.algorithms)
        ):
            yield reading.call, _inner(index, reading.key), "tokens"
    for call in index.called(*_CALLED):
        name = index.name(call.func)
        short = name.rpartition(".")[2]
        given: ast.expr | None = None
        use = ""
        if short == "SessionMiddleware":
            given, use = argument(call, "secret_key", 1), "session cookies"
        elif (
            short in ("add_middleware", "Middleware")
            and call.args
            and last(call.args[0]) == "SessionMiddleware"
        ):
            given, use = argument(call, "secret_key"), "session cookies"
        elif short in _SERIALIZERS and name.startswith("itsdangerous."):
            given, use = argument(call, "secret_key", 0), "links and cookies"
        elif name in ("hmac.new", "hmac.digest") and not _extracts(call):
            given, use = argument(call, "key", 0), "messages"
        elif name in ("joserfc.jwk.OctKey.import_key", "authlib.jose.OctKey.import_key"):
            given, use = argument(call, "value", 0) or argument(call, "raw", 0), "tokens"
        if given is not None:
            yield call, given, use


def _inner(index: Index, node: ast.expr) -> ast.expr:
    """The raw key inside of ``OctKey.import_key(...)``."""
    if isinstance(node, ast.Call) and last(node.func) in ("import_key", "OctKey") and node.args:
        return node.args[0]
    return node


def _extracts(call: ast.Call) -> bool:
    """Whether HMAC is the first step of HKDF: its key is the salt, which anybody may know (RFC 5869, 2.2 and 3.1)."""
    salt, material = argument(call, "key", 0), argument(call, "msg", 1)
    return (
        salt is not None
        and material is not None
        and "salt" in last(salt).lower()
        and _MATERIAL.search(last(material)) is not None
    )


def _is_public(index: Index, node: ast.expr | None) -> bool:
    """Whether the algorithm is one with a public key, which may be known."""
    named = texts(index, node)
    return bool(named) and all(name.upper()[:2] in ("RS", "ES", "PS", "ED") for name in named)


def weak_keys(index: Index) -> Iterator[tuple[Value, str]]:
    """Keys that are used and can be guessed, each with the reason."""
    for key in signing_keys(index):
        if key.value is not None and (why := why_weak(key.value)):
            yield key.value, why


def why_weak(value: Value) -> str:
    """Why a key can be guessed; an empty text where it cannot."""
    text = value.value.decode("latin-1") if isinstance(value.value, bytes) else value.value
    if not isinstance(text, str) or not text or "-----BEGIN" in text:
        return ""
    return is_weak_key(text)

"""Calls that make and read JSON Web Tokens, whichever library does it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from buckler.scan.python.constants import truth
from buckler.scan.python.index import Index, argument, last
from buckler.scan.python.modules import definition

TAKES_OLD = re.compile(r"refresh|renew|log_?-?out|sign_?-?out|revoke|introspect", re.IGNORECASE)
"""What an operation is called to which a token may come that has run out."""
_READERS = frozenset(
    {
        "jwt.decode",
        "jwt.decode_complete",
        "jwt.PyJWT().decode",
        "jwt.PyJWT().decode_complete",
        "jose.jwt.decode",
    }
    | {"joserfc.jwt.decode", "authlib.jose.jwt.decode", "authlib.jose.JsonWebToken().decode"}
)
_PEEKS = frozenset({"jose.jwt.get_unverified_claims", "jose.jws.get_unverified_claims"})
_HEADERS = frozenset(
    {
        "jwt.get_unverified_header",
        "jose.jwt.get_unverified_header",
        "jose.jwt.get_unverified_headers",
    }
    | {
        "jose.jws.get_unverified_header",
        "jose.jws.get_unverified_headers",
        "jwt.PyJWS().get_unverified_header",
    }
)
_MAKERS = {
    "jwt.encode": 0,
    "jwt.PyJWT().encode": 0,
    "jose.jwt.encode": 0,
    "joserfc.jwt.encode": 1,
    "authlib.jose.jwt.encode": 1,
    "authlib.jose.JsonWebToken().encode": 1,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """A call that reads a token.

    Attributes:
        verified: False where the signature is not checked, None where that is not known.
        flag: The expression that decides it, where there is one.

    """

    call: ast.Call
    library: str
    verified: bool | None
    flag: ast.expr | None = None

    @property
    def algorithms(self) -> ast.expr | None:
        """The algorithms that are allowed."""
        return argument(self.call, "algorithms", 2 if self.library in ("jwt", "jose") else None)

    @property
    def key(self) -> ast.expr | None:
        """The key that the signature is checked with."""
        return argument(self.call, "key", 1)


def readings(index: Index) -> Iterator[Reading]:
    """The calls that read a token's claims, in order."""
    for call in index.called("decode", "decode_complete", "get_unverified_claims"):
        name = index.name(call.func)
        if name in _PEEKS:
            yield Reading(call, "jose", False)
        elif name in _READERS:
            library = name.partition(".")[0]
            flag = option(index, call, "verify_signature") or argument(call, "verify")
            if flag is None:
                yield Reading(call, library, True)
            else:
                yield Reading(call, library, truth(index, flag), flag)


def makings(index: Index) -> Iterator[tuple[ast.Call, ast.expr, ast.expr | None]]:
    """The calls that make a token: the call, its claims and its key."""
    for call in index.called("encode"):
        at = _MAKERS.get(index.name(call.func))
        if at is None:
            continue
        claims = argument(
            call, "claims" if at or "jose" in index.name(call.func) else "payload", at
        )
        if claims is not None:
            yield call, claims, argument(call, "key", at + 1)


def option(index: Index, call: ast.Call, name: str) -> ast.expr | None:
    """The value of one of the ``options`` of a call."""
    given = argument(call, "options", 3)
    for unpacked in (k.value for k in call.keywords if k.arg is None):
        given = given or entry(_written(index, unpacked), "options")
    if given is None:
        return None
    found = entry(given, name)
    return entry(_written(index, given), name) if found is None else found


def _written(index: Index, node: ast.expr) -> ast.expr:
    """What a name of this module or of another one is set to."""
    other = definition(index, node) if isinstance(node, ast.Name | ast.Attribute) else None
    return other[1] if other is not None and isinstance(other[1], ast.expr) else node


def passed_options(index: Index, name: str) -> Iterator[ast.Call]:
    """Calls of a helper of the project that hands an option on to the library, with the option off."""
    direct = {reading.call for reading in readings(index)}
    named = {k.arg for k in index.all(ast.keyword)}
    named |= {c.value for c in index.all(ast.Constant) if type(c.value) is str}
    for call in index.calls if name in named else ():
        if call in direct:
            continue
        given = argument(call, name)
        for item in (*call.args, *(k.value for k in call.keywords)):
            given = given or entry(item, name)
        if given is None or truth(index, given) is not False:
            continue
        made = definition(index, call.func)
        if made is None or not isinstance(made[1], ast.FunctionDef | ast.AsyncFunctionDef):
            method = (
                index.function(last(call.func)) if isinstance(call.func, ast.Attribute) else None
            )
            made = (index, method) if method is not None else None
        if made is not None and any(made[0].inside(r.call, made[1]) for r in readings(made[0])):
            yield call


def entry(node: ast.expr, name: str) -> ast.expr | None:
    """The value under a key of a dictionary that is written out."""
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == name:
                return value
            if key is None and (inner := entry(value, name)) is not None:
                return inner
    if isinstance(node, ast.Call) and last(node.func) == "dict":
        return argument(node, name)
    return None


def from_header(index: Index, node: ast.AST, depth: int = 0) -> bool:
    """Whether an expression is made from the header of a token that nobody has checked yet."""
    if depth > 4:
        return False
    for item in ast.walk(node):
        if isinstance(item, ast.Call) and index.name(item.func) in _HEADERS:
            return True
        if isinstance(item, ast.Name) and any(
            from_header(index, v, depth + 1) for v in index.values(item)
        ):
            return True
    return False

"""What makes and reads credentials: random bytes, generators that can be foretold, tokens nobody has checked.

The header of a token is read before its signature can be checked, so what it says is the sender's choice; what
``random`` gives is nobody's input and still may be no secret.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.declared import default_source, fresh
from buckler.scan.engines.source.flow.libraries.names import expanded
from buckler.scan.engines.source.flow.objects import Container, External, things
from buckler.scan.engines.source.flow.values import ALL, FALSE, TRUE, Value, truth

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.frames import Frame

Handler = Callable[["Frame", ast.AST, Arguments], Value | None]
DRAWN = "random.Drawn"
"""Bytes of the operating system's source; ``once`` says that they are drawn when the module is imported."""
_DRAWERS = "os.urandom secrets.token_bytes Crypto.Random.get_random_bytes Cryptodome.Random.get_random_bytes nacl.utils.random"
_HEADERS = "jwt.get_unverified_header jose.{jwt,jws}.{get_unverified_header,get_unverified_headers}"
_CLAIMS = "jose.{jwt,jws}.get_unverified_claims"
_DECODERS = frozenset(
    {"base64.urlsafe_b64decode", "base64.b64decode", "jwt.utils.base64url_decode"}
)
_GUESSABLE = (
    "random.{choice,choices,randint,randrange,random,getrandbits,sample,randbytes} uuid.uuid1"
)


def _drawn(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    once = TRUE if frame.is_module or frame.is_class else FALSE
    return Value(None, (External(DRAWN, True, (), {"once": once}),))


def _header(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return fresh(frame, default_source(frame, "token", "header", node))


def _claims(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return fresh(frame, default_source(frame, "token", "claims", node))


def _decoded(frame: Frame, node: ast.AST, given: Arguments) -> Value | None:
    """``jwt.decode`` with the check of the signature turned off."""
    for options in things(given.at(3, "options"), Container):
        flag = options.get("verify_signature")
        if flag is not None and truth(flag) is False:
            return _claims(frame, node, given)
    return None


def _loaded(frame: Frame, node: ast.AST, given: Arguments) -> Value | None:
    """``json.loads`` of the first or second part of a token, which somebody has taken apart by hand."""
    for taint in given.at(0).taints:
        ways = list(taint.token.ways())
        decoded = any(how == "decoded" and where in _DECODERS for how, where in ways)
        if decoded and any(how == "part" and _dotted(where) for how, where in ways):
            return _header(frame, node, given)
    return None


def _dotted(where: object) -> bool:
    return isinstance(where, tuple) and where[:2] in (("split", "."), ("partition", "."))


def _foretold(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    made = fresh(frame, default_source(frame, "random", "", node))
    return made.mapped(lambda t: t.cleaned(ALL))


def _of(text: str, handler: Handler) -> dict[str, Handler]:
    return {name: handler for word in text.split() for name in expanded(word)}


CREDENTIALS: dict[str, Handler] = {
    **_of(_DRAWERS, _drawn),
    **_of(_HEADERS, _header),
    **_of(_CLAIMS, _claims),
    **_of(_GUESSABLE, _foretold),
    "jwt.decode": _decoded,
    "json.loads": _loaded,
}

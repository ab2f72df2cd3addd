"""Finds the key that a file signs all tokens of a project with, to check them with it (CWE-347)."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from buckler.scan.fix.draft import Draft
from buckler.scan.python.constants import text, texts
from buckler.scan.python.index import argument, unpacks
from buckler.scan.python.tokens import Reading, entry, makings
from buckler.scan.rules._support.mentions import mentioned
from buckler.scan.rules._support.statements import assigned
from buckler.scan.rules.auth._fixes.kinds import kind_of

_TOKENS = re.compile(r"\b(jw[tsek]|jwks|jose|joserfc|authlib)\b", re.IGNORECASE)
_OTHER_ISSUERS = re.compile(
    r"jwks|PyJWK|issuer|openid|oidc|google|auth0|okta|cognito|keycloak|firebase|azure|microsoft|apple|supabase|clerk",
    re.IGNORECASE,
)
_KEPT_KEYS = ("os.environ", "os.getenv")
_TEXTS = frozenset({"sub", "jti"})
_CHECKED = frozenset({"aud", "nbf", "iat", "iss"})


@dataclass(frozen=True, slots=True)
class Signing:
    """How the tokens of a project are signed: the name of the key, and the algorithm."""

    key: str
    algorithm: str


def signed_here(draft: Draft, reading: Reading) -> Signing | None:
    """How every token is signed that legitimate clients of this reading can have; None where that is not known.

    PyJWT checks no claims where it checks no signature, so what is in the tokens has to pass the checks that
    come back with it.
    """
    made = list(makings(draft.index))
    ways = {_way(draft, call, key, reading) for call, _, key in made}
    way = ways.pop() if len(ways) == 1 else None
    if way is None or reading.library != "jwt" or unpacks(reading.call):
        return None
    if any(argument(reading.call, name) for name in ("audience", "issuer", "subject")):
        return None
    options = argument(reading.call, "options", 3)
    minds_expiry = options is None or entry(options, "verify_exp") is not None
    if not all(_passes(draft, claims, minds_expiry=minds_expiry) for _, claims, _ in made):
        return None
    key, allowed = reading.key, reading.algorithms
    if key is not None and not is_empty(key) and ast.unparse(key) != way.key:
        return None
    if allowed is not None and way.algorithm not in texts(draft.index, allowed):
        return None
    others = mentioned(draft.folder, _TOKENS, besides=draft.path)
    return None if others or mentioned(draft.folder, _OTHER_ISSUERS) else way


def is_empty(key: ast.expr) -> bool:
    """Whether a key is written as an empty text or None."""
    return isinstance(key, ast.Constant) and not key.value


def give_key(draft: Draft, reading: Reading, signing: Signing) -> None:
    """Write the key and the algorithm into a call that has none."""
    key = reading.key
    if key is not None:
        if is_empty(key):
            draft.replace_argument(reading.call, key, signing.key)
    elif len(reading.call.args) == 1:
        draft.append_argument(reading.call, signing.key)
    else:
        draft.set_keyword(reading.call, "key", signing.key)
    if reading.algorithms is None:
        draft.set_keyword(reading.call, "algorithms", f"[{draft.quote(signing.algorithm)}]")


def _way(draft: Draft, call: ast.Call, key: ast.expr | None, reading: Reading) -> Signing | None:
    """A key that outlives a restart, bound to one name of the file, and an algorithm that signs and checks with it."""
    index = draft.index
    if (
        not isinstance(key, ast.Name)
        or unpacks(call)
        or not index.name(call.func).startswith("jwt.")
    ):
        return None
    values = index.bindings.get((index.tree, key.id), [])
    if len(values) != 1 or index.values(key) != values or not _is_kept(draft, values[0]):
        return None
    if _is_bound_again(draft, key.id):
        return None
    function = index.function_of(reading.call)
    names = ast.walk(function) if function is not None else ()
    if any(
        (isinstance(n, ast.Name) and n.id == key.id and not isinstance(n.ctx, ast.Load))
        or (isinstance(n, ast.arg) and n.arg == key.id)
        for n in names
    ):
        return None
    given = argument(call, "algorithm", 2)
    algorithm = text(index, given) if given is not None else "HS256"
    if algorithm is None or not algorithm.startswith("HS"):
        return None
    return Signing(key.id, algorithm)


def _is_bound_again(draft: Draft, name: str) -> bool:
    """Whether a name of the file may get another value: through ``global``, or at its top."""
    index, stores = draft.index, 0
    for node in ast.walk(index.tree):
        if isinstance(node, ast.Global) and name in node.names:
            return True
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load):
            stores += index.scope_of(node) is index.tree
    return stores != 1 or name in index.imports


def _is_kept(draft: Draft, value: ast.expr) -> bool:
    """Whether a key is the same after a restart: written down, or given by the environment."""
    if isinstance(value, ast.Constant):
        return isinstance(value.value, str | bytes)
    if isinstance(value, ast.Subscript):
        return draft.index.name(value.value) == "os.environ"
    if not isinstance(value, ast.Call) or not draft.index.name(value.func).startswith(_KEPT_KEYS):
        return False
    return all(isinstance(item, ast.Constant) for item in value.args)


def _passes(draft: Draft, claims: ast.expr, *, minds_expiry: bool) -> bool:
    """Whether claims are written out and none is refused once they are checked."""
    where = assigned(draft.index, claims)
    if where is not None and isinstance(claims, ast.Name):
        function = draft.index.function_of(claims)
        uses = [n for n in ast.walk(function or draft.index.tree) if isinstance(n, ast.Name)]
        if sum(n.id == claims.id for n in uses) != 2:
            return False
        claims = where.value or claims
    if not isinstance(claims, ast.Dict):
        return False
    for key, value in zip(claims.keys, claims.values, strict=True):
        if not isinstance(key, ast.Constant) or key.value in _CHECKED:
            return False
        if key.value == "exp" and not minds_expiry:
            return False
        if key.value in _TEXTS and kind_of(draft.index, value) != "text":
            return False
    return True

"""Raises the cost of password hashes that carry their cost with them (OWASP Password Storage Cheat Sheet)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.constants import value_of
from buckler.scan.python.hashing import CheapHash
from buckler.scan.python.index import last

_ROUNDS = "12"
_CARRIED = ("gensalt", "BcryptHasher")


def raised(draft: Draft, weak: CheapHash) -> bool:
    """Write twelve rounds of bcrypt in the place of fewer.

    A hash of bcrypt says its rounds, so that those that are stored still fit. PBKDF2 and scrypt called
    by hand do not: another cost would lock everybody out, so they are left to a person.
    """
    name = draft.index.name(weak.call.func)
    passlib = "bcrypt" in name and name.startswith("passlib.hash.")
    context = last(weak.call.func) == "CryptContext" and any(
        keyword.value is weak.node and (keyword.arg or "").startswith("bcrypt")
        for keyword in weak.call.keywords
    )
    if not (last(weak.call.func) in _CARRIED or passlib or context) or weak.node is None:
        return False
    value = value_of(draft.index, weak.node)
    if value is None or value.path != draft.path or not isinstance(value.node, ast.Constant):
        return False
    if value.node is not weak.node and _used_elsewhere(draft, weak.node):
        return False
    draft.replace(value.node, _ROUNDS)
    return True


def _used_elsewhere(draft: Draft, node: ast.expr) -> bool:
    uses = [
        item
        for item in ast.walk(draft.index.tree)
        if isinstance(item, ast.Name) and item.id == last(node) and isinstance(item.ctx, ast.Load)
    ]
    return len(uses) > 1

"""Hashes new passwords slowly where passlib is told how, and still reads those that are stored (CWE-916)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.constants import texts
from buckler.scan.python.index import Index, argument, unpacks
from buckler.scan.rules._support.elsewhere import other_files
from buckler.scan.rules.auth._fixes.compared_hashes import hashes_are_compared

WEAK_SCHEMES = frozenset(
    "md5_crypt sha1_crypt des_crypt plaintext hex_md5 hex_sha1 hex_sha256 hex_sha512 ldap_md5 ldap_sha1 ldap_salted_md5 ldap_salted_sha1 lmhash nthash mysql323 mysql41 apr_md5_crypt unix_disabled".split()
)
SLOW = "pbkdf2_sha256"
ROUNDS = "600_000"
TOLD = {
    "seen": "hashes of new passwords have 88 letters, which a column has to hold",
    "unverified": "two hashes of one password differ: whoever checks them has to do so with verify",
}
_BOUNDED = re.compile(
    r"String\(\s*(?:length\s*=\s*)?\d|char\s*\(\s*\d|max_length\s*=", re.IGNORECASE
)
"""Columns of a fixed length, for which the new hashes of 88 letters may be too long."""


def weak_contexts(index: Index) -> Iterator[ast.Call]:
    """The contexts whose first scheme, the one that new passwords get, is made to be fast."""
    for call in index.called("CryptContext"):
        if call.args or call.keywords:
            schemes = texts(index, argument(call, "schemes", 0))
            if schemes and schemes[0] in WEAK_SCHEMES:
                yield call


def with_slow_scheme(draft: Draft, line: int) -> Repair | None:
    """The repair of a context that a line makes; None where its schemes are not written out."""
    for call in draft.nodes_at(line, list(weak_contexts(draft.index))):
        how = _hashed_slowly(draft, call)
        if how == "alike":
            return draft.repair("hashes new passwords slowly")
        if how:
            told = TOLD[how]
            return draft.repair("hashes new passwords slowly", safe=False, changes=told)
    return None


def _hashed_slowly(draft: Draft, call: ast.Call) -> str:
    """Put a slow scheme in front of the others of a context.

    Returns:
        ``alike`` where nothing in the project limits the length of a column, ``seen`` where something does,
        ``unverified`` where the project makes hashes and verifies none, empty where
        the schemes are not written out, or where hashes have to be the same every time.
    """
    schemes = argument(call, "schemes", 0)
    if not isinstance(schemes, ast.List | ast.Tuple) or unpacks(call) or len(schemes.elts) < 1:
        return ""
    listed = texts(draft.index, schemes)
    if argument(call, "default") is not None or {SLOW, "unix_disabled"} & set(listed):
        return ""
    deprecated = argument(call, "deprecated")
    if deprecated is not None and texts(draft.index, deprecated) != ["auto"]:
        return ""
    compared = hashes_are_compared(draft)
    if compared:
        return ""
    draft.insert_element(schemes, 0, draft.quote(SLOW))
    draft.set_keyword(call, f"{SLOW}__rounds", ROUNDS)
    bounded = any(
        content is None or _BOUNDED.search(content.decode(errors="replace"))
        for _, content in other_files(draft)
    )
    if bounded or _BOUNDED.search(draft.text):
        return "seen"
    return "unverified" if compared is None else "alike"

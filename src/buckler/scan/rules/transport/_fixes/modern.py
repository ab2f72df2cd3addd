"""Takes old versions and weak ciphers out of the settings of TLS (RFC 8996, RFC 9325)."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from buckler.scan.fix.draft import Draft
from buckler.scan.python.constants import value_of
from buckler.scan.python.index import last, unpacks

_OLD = re.compile(r"^(?:SSLv2|SSLv3|TLSv1|TLSv1_1)$")
_OLD_PROTOCOL = re.compile(r"^PROTOCOL_(?:SSLv2|SSLv3|TLSv1|TLSv1_1)$")
_NUMBERS = frozenset({0, 1, 3, 4})
_VERSIONS = ("ssl_version", "ssl_minimum_version")
_CIPHERS = ("ssl_ciphers", "ciphers")


def modern_only(draft: Draft, line: int, is_weak: Callable[[str], bool]) -> bool:
    """Change what a line says of versions and ciphers; whether there was something that could be.

    Args:
        draft: The file.
        line: 1-based.
        is_weak: Whether a list of ciphers lets a weak one in.
    """
    return (
        _versions(draft, line)
        or _keywords(draft, line, is_weak)
        or _set_ciphers(draft, line, is_weak)
    )


def _versions(draft: Draft, line: int) -> bool:
    done = False
    for node in draft.index.all(ast.Attribute):
        if node.lineno != line or not draft.index.name(node).startswith("ssl."):
            continue
        outer = draft.index.parents.get(node)
        if _OLD.match(node.attr) and last(node.value) == "TLSVersion":
            draft.replace(node, f"{draft.of(node.value)}.TLSv1_2")
            done = True
        elif _OLD_PROTOCOL.match(node.attr) and isinstance(outer, ast.Call):
            if last(outer.func) == "SSLContext" and len(outer.args) == 1:
                # A client's context checks names by default, which is more than was asked for here.
                if any(last(call.func) == "load_cert_chain" for call in draft.index.calls):
                    draft.replace(node, f"{draft.of(node.value)}.PROTOCOL_TLS_SERVER")
                    done = True
    return done


def _keywords(draft: Draft, line: int, is_weak: Callable[[str], bool]) -> bool:
    done = False
    for call in draft.index.calls:
        for keyword in () if unpacks(call) else call.keywords:
            if keyword.value.lineno != line:
                continue
            found = value_of(draft.index, keyword.value)
            value = found.value if found is not None else None
            named = isinstance(keyword.value, ast.Attribute) and bool(
                _OLD_PROTOCOL.match(keyword.value.attr)
            )
            old = keyword.arg in _VERSIONS and (named or value in _NUMBERS)
            weak = keyword.arg in _CIPHERS and isinstance(value, str) and is_weak(value)
            if old or weak:
                draft.remove_argument(call, keyword.value)
                done = True
    return done


def _set_ciphers(draft: Draft, line: int, is_weak: Callable[[str], bool]) -> bool:
    for call in draft.index.called("set_ciphers"):
        statement = draft.index.parents.get(call)
        if call.lineno != line or not call.args or not isinstance(statement, ast.Expr):
            continue
        found = value_of(draft.index, call.args[0])
        if found is not None and isinstance(found.value, str) and is_weak(found.value):
            draft.remove_statement(statement)
            return True
    return False

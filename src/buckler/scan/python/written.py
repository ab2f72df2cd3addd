"""The secrets that are written into a module: CWE-798.

By the names that they go by (``literals.py``), by the form of what is written, or by what it is used for.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from buckler.scan.model.secrets import (
    is_placeholder,
    known_format,
    may_be_credential,
    url_password,
)
from buckler.scan.python.constants import Value, value_of
from buckler.scan.python.index import Index, last
from buckler.scan.python.keys import Key, signing_keys
from buckler.scan.python.literals import (
    in_example,
    is_default_password,
    is_secret,
    names_something,
    places,
)


def written_secrets(index: Index) -> Iterator[tuple[Value, str]]:
    """Each with what it is, for people: ``A secret (mail_password)``. One may come more than once."""
    yield from _named(index)
    yield from _shaped(index)
    yield from _signing(index)


def _named(index: Index) -> Iterator[tuple[Value, str]]:
    for name, node, loose in places(index):
        value = value_of(index, node)
        if value is None or value.path != index.path or not index.inside(value.node, node):
            continue
        for item in value.value if isinstance(value.value, list) else [value.value]:
            text = item.decode("latin-1") if isinstance(item, bytes) else item
            if not isinstance(text, str) or names_something(name, text):
                continue
            if isinstance(value.value, list) and not may_be_credential(text):
                continue
            in_use = value.default and loose and is_default_password(name, text)
            if in_use or is_secret(name, text, loose):
                yield value, f"A secret ({name})"
                break


def _shaped(index: Index) -> Iterator[tuple[Value, str]]:
    """Constants that are a credential by their form, whatever they are called."""
    for node in index.all(ast.Constant):
        if not isinstance(node.value, str | bytes) or len(node.value) < 12:
            continue
        if isinstance(index.parents.get(node), ast.Expr):
            continue
        text = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
        if not may_be_credential(text) or in_example(index, node):
            continue
        label = known_format(text)
        if label and not _is_test_name(index, node):
            yield Value(node.value, index.path, node), f"{label[0].upper()}{label[1:]}"
        elif len(text) < 300 and url_password(text):
            yield Value(node.value, index.path, node), "A password in a connection string"


def _is_test_name(index: Index, node: ast.AST) -> bool:
    parent = index.parents.get(node)
    return isinstance(parent, ast.Call) and last(parent.func) in (
        "compile",
        "match",
        "search",
        "startswith",
    )


def _signing(index: Index) -> Iterator[tuple[Value, str]]:
    """Constants that are used as keys, whatever they are called."""
    for key in signing_keys(index):
        value = key.value
        if value is not None and _is_written_key(key, value):
            yield value, "A key that signs"


def _is_written_key(key: Key, value: Value) -> bool:
    text = value.value.decode("latin-1") if isinstance(value.value, bytes) else value.value
    if not isinstance(text, str) or not text or "-----BEGIN" in text:
        return False
    return not value.default or not is_placeholder(text)

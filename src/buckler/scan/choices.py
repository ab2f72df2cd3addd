"""Texts that a project's source compares a name with: the values that its branches wait for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from buckler.scan.discover import python_files
from buckler.scan.python.parsing import parse

MAX_FILES = 400
MAX_VALUES = 6
MAX_LENGTH = 40


def compared_names(folder: Path) -> dict[str, tuple[str, ...]]:
    """By name, the texts that it is compared with, in the order of the source.

    ``kind == "shell"``, ``kind in ("a", "b")``, ``match kind``, ``HANDLERS[kind]`` and
    ``HANDLERS.get(kind)`` with a dictionary of the same module.
    """
    found: dict[str, dict[str, None]] = {}
    for number, file in enumerate(python_files(folder)):
        if number >= MAX_FILES:
            break
        tree = parse(file, folder)
        for name, text in _compared(tree) if tree is not None else ():
            if 0 < len(text) <= MAX_LENGTH and text.isprintable():
                found.setdefault(name, {})[text] = None
    return {name: tuple(texts)[:MAX_VALUES] for name, texts in found.items()}


def _compared(tree: ast.Module) -> Iterator[tuple[str, str]]:
    tables = dict(_tables(tree))
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, comparators=[right]):
                for one, other in ((left, right), (right, left)):
                    yield from ((name, text) for name in _names(one) for text in _texts(other))
                    if isinstance(other, ast.Name) and other.id in tables:
                        yield from (
                            (name, text) for name in _names(one) for text in tables[other.id]
                        )
            case ast.Match(subject=subject, cases=cases):
                patterns = (p for case in cases for p in ast.walk(case.pattern))
                texts = [
                    p.value.value
                    for p in patterns
                    if isinstance(p, ast.MatchValue)
                    and isinstance(p.value, ast.Constant)
                    and isinstance(p.value.value, str)
                ]
                yield from ((name, text) for name in _names(subject) for text in texts)
            case ast.Subscript(value=ast.Name(id=table), slice=key) if table in tables:
                yield from ((name, text) for name in _names(key) for text in tables[table])
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=table), attr="get"), args=[key, *_]
            ) if table in tables:
                yield from ((name, text) for name in _names(key) for text in tables[table])


def _tables(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """Module-level dictionaries and collections of texts, by name."""
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                texts = list(_texts(value))
                if texts:
                    yield name, texts


def _names(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            yield name
        case ast.Subscript(slice=ast.Constant(value=str() as name)):
            yield name
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str() as name), *_]):
            yield name
        case ast.Call(func=ast.Attribute(value=value, attr="lower" | "strip" | "upper")):
            yield from _names(value)


def _texts(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            for item in items:
                yield from _texts(item)
        case ast.Dict(keys=keys):
            for key in keys:
                yield from _texts(key) if key is not None else ()
        case ast.Call(func=ast.Name(id="frozenset" | "set" | "tuple"), args=[inner]):
            yield from _texts(inner)

"""Which values are set by whoever runs the application, not by whoever calls it."""

from __future__ import annotations

import ast
import re

from buckler.scan.python.constants import class_behind, value_of
from buckler.scan.python.index import Index
from buckler.scan.python.words import kind, may_be_key, root_of

_SETTINGS = re.compile(
    r"^(\w+_)?(settings|config(uration)?|conf|cfg|env|environ)$|^get_(settings|config)$",
    re.IGNORECASE,
)
_LEAST = 8
"""Characters of a constant that may be a secret."""


def is_settings(name: str) -> bool:
    """Whether a name is what settings are commonly called."""
    return _SETTINGS.match(name) is not None


def is_configured(index: Index, node: ast.expr) -> bool:
    """Whether a value is set by us: a setting, an environment variable, a constant.

    What it is decides where the project's source shows it: an attribute of a settings class, an item of an
    object of the module. What it is called decides where it does not.
    """
    if isinstance(node, ast.JoinedStr):
        return any(
            isinstance(v, ast.FormattedValue) and is_configured(index, v.value) for v in node.values
        )
    if isinstance(node, ast.BinOp):
        return is_configured(index, node.left) or is_configured(index, node.right)
    if index.name(node).startswith(("os.getenv", "os.environ")):
        return True
    if isinstance(node, ast.Attribute | ast.Call | ast.Subscript) and (
        any(is_settings(part) for part in _chain(node)) or _is_of_settings(index, node)
    ):
        return True
    name = _of_module(index, node) or root_of(node)
    if not name.isupper() or not (kind(name) or may_be_key(name)):
        return False
    value = value_of(index, node)
    return value is None or not isinstance(value.value, str) or len(value.value) >= _LEAST


def _chain(node: ast.expr) -> list[str]:
    """The names before the last one: ``app``, ``state``, ``config`` of ``app.state.config.key``."""
    inner = node
    while isinstance(inner, ast.Call):
        inner = inner.func
    if not isinstance(inner, ast.Attribute | ast.Subscript):
        return []
    return re.sub(r"\(.*?\)|\[.*?\]", "", ast.unparse(inner.value)).split(".")


def _of_module(index: Index, node: ast.expr) -> str:
    """What a module calls it: ``KEY`` of ``constants.KEY``, where the root is an import."""
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
        return ""
    return node.attr if node.value.id in index.imports and not index.values(node.value) else ""


def _is_of_settings(index: Index, node: ast.expr) -> bool:
    """Whether it is read off an instance of a class of settings, however that is called."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    if not isinstance(node, ast.Attribute):
        return False
    owner = class_behind(index, node.value)
    if owner is None or not isinstance(owner[1], ast.ClassDef):
        return False
    return any("settings" in owner[0].name(base).lower() for base in owner[1].bases)


__all__ = ["is_configured", "is_settings"]

"""Values of simple expressions, read without running any code of the project.

The name of a field often stands in a variable: ``rates[currency]``. The frame that asked holds it.
"""

from __future__ import annotations

import ast
from types import MappingProxyType
from typing import Any, Mapping

_METHODS = frozenset("upper lower strip title capitalize casefold".split())
MAX_TEXT = 4000


def in_frame(node: ast.AST, frame: Any) -> Any:
    """What an expression is worth in a frame; None where that cannot be told."""
    return _value(node, frame.f_locals, frame.f_globals)


def in_module(node: ast.AST, names: Mapping[str, Any]) -> Any:
    """What an expression of module-level names is worth; None where that cannot be told."""
    return _value(node, {}, names)


def _value(node: ast.AST, local: Mapping[str, Any], names: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return local[node.id] if node.id in local else names.get(node.id)
    if isinstance(node, ast.Attribute):
        return _attribute(_value(node.value, local, names), node.attr)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        owner = _value(node.func.value, local, names)
        if type(owner) is str and node.func.attr in _METHODS and not node.args:
            return getattr(owner, node.func.attr)()
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "str":
        given = _value(node.args[0], local, names) if len(node.args) == 1 else None
        return str(given) if type(given) in (str, int) else None
    if isinstance(node, ast.JoinedStr):
        return _joined(node, local, names)
    return None


def _attribute(owner: Any, name: str) -> Any:
    """What lies in the object or its class; a property is not run."""
    own = _own(owner)
    return own[name] if name in own else _own(type(owner)).get(name)


def _own(owner: Any) -> Mapping[str, Any]:
    try:
        found = object.__getattribute__(owner, "__dict__")
    except AttributeError:
        return {}
    return found if type(found) in (dict, MappingProxyType) else {}


def _joined(node: ast.JoinedStr, local: Mapping[str, Any], names: Mapping[str, Any]) -> Any:
    made = ""
    for part in node.values:
        inner = part.value if isinstance(part, ast.FormattedValue) else part
        value = _value(inner, local, names)
        if type(value) not in (str, int):
            return None
        made += str(value)
    return made[:MAX_TEXT]

"""Which values of a function come with the request."""

from __future__ import annotations

import ast
import re

from buckler.scan.python.index import Function, Index, default_of, last

_ROUTES = frozenset(
    "get post put patch delete head options trace api_route route websocket middleware exception_handler".split()
)
_MARKERS = frozenset("Header Query Cookie Path Form Body File Depends Security".split())
_SENT = re.compile(
    r"\b(Header|Query|Cookie|Path|Form|Body|Depends|Security|Request|WebSocket|HTTPBasicCredentials|HTTPAuthorizationCredentials)\b"
)
ENTRIES = re.compile(
    r"\b(Depends|Security|Request|WebSocket|HTTPAuthorizationCredentials|HTTPBasicCredentials|Header|Cookie)\b"
)
"""In the parameters of a function that a request reaches."""
_PARTS = frozenset({"headers", "cookies", "query_params", "path_params"})


def is_handler(function: Function) -> bool:
    """Whether a function is registered for a route, a middleware or an error."""
    return any(
        isinstance(item, ast.Call)
        and isinstance(item.func, ast.Attribute)
        and item.func.attr in _ROUTES
        for item in function.decorator_list
    )


def comes_with_request(index: Index, node: ast.AST) -> bool:
    """Whether a value is a parameter of a handler or dependency, or is read off a request."""
    if any(isinstance(item, ast.Attribute) and item.attr in _PARTS for item in ast.walk(node)):
        return True
    root = next((item for item in ast.walk(node) if isinstance(item, ast.Name)), None)
    if root is None:
        return False
    values = index.values(root)
    if values:
        return any(
            isinstance(item, ast.Attribute) and item.attr in _PARTS
            for value in values
            for item in ast.walk(value)
        )
    parameter, function = index.parameter(root), index.function_of(node)
    if parameter is None or function is None:
        return False
    if is_handler(function) or root.id.startswith("x_"):
        return True
    default = default_of(function, root.id)
    if isinstance(default, ast.Call) and last(default.func) in _MARKERS:
        return True
    return parameter.annotation is not None and bool(
        _SENT.search(ast.unparse(parameter.annotation))
    )

"""The functions that requests reach."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.objects import Container, External, Function, things
from buckler.scan.engines.source.flow.values import UNKNOWN, Value

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.frames import Frame
    from buckler.scan.engines.source.flow.objects import ClassObject

METHODS = frozenset(
    {"get", "post", "put", "patch", "delete", "head", "options", "trace", "api_route"}
    | {"websocket", "websocket_route", "route"}
)


@dataclass(slots=True, eq=False)
class Include:
    """One router below another."""

    parent: External
    child: External
    prefix: str
    options: dict[str, Value] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Entry:
    """A function that requests reach.

    Attributes:
        kind: ``fastapi``, ``starlette``, ``asgi``, ``flask``, ``django``, ``graphql``, ``request`` (a function that takes one), ``handler`` (of exceptions), ``startup``, ``code`` (nothing
            was seen to call it).
        methods: Of HTTP; ``WEBSOCKET``.
        path: As the decorator says it, without the prefixes of routers.
        called: The function.
        owner: The class of a class-based view.
        guarded: Whether a dependency on its way looks at credentials.
    """

    kind: str
    methods: tuple[str, ...]
    path: str
    called: Value
    frame: Frame
    node: ast.AST
    owner: ClassObject | None = None
    router: Value = UNKNOWN
    options: dict[str, Value] = field(default_factory=dict)
    guarded: bool = False
    prefix: str = ""

    @property
    def operation(self) -> str:
        """``GET /items/{id}``; empty where no route is known."""
        if self.kind in ("request", "asgi", "handler", "startup", "code") or (
            not self.path and self.kind == "starlette"
        ):
            return ""
        return f"{self.methods[0]} {self.prefix}{self.path}"

    def surroundings(self) -> str:
        """The path, decorators and parameters as they are written, and the names of the router's dependencies."""
        made = [self.operation]
        for function in things(self.called, Function):
            node = (function.wrapped or function).node
            made.append(ast.unparse(node.args))
            made += [ast.unparse(d) for d in getattr(node, "decorator_list", ())]
        for router in things(self.router, External):
            for item in things(router.named.get("dependencies", UNKNOWN), Container):
                for given in (d for v in item.all() for t in things(v, External) for d in t.given):
                    made += [f.name for f in things(given, Function)]
        return " ".join(made)

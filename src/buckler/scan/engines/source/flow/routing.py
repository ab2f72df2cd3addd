"""Routes, routers and what decorators say of functions and classes, in FastAPI, Starlette, Flask and Django."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.attributes import bound
from buckler.scan.engines.source.flow.entries import METHODS, Entry, Include
from buckler.scan.engines.source.flow.facts import host_facts, log_facts
from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.objects import (
    ClassObject,
    Container,
    External,
    Function,
    Instance,
    Method,
    things,
)
from buckler.scan.engines.source.flow.values import (
    UNKNOWN,
    Value,
    obj,
    one_text,
)

if TYPE_CHECKING:
    pass


ROUTER = "fastapi.APIRouter"
ROUTERS = frozenset({ROUTER, "flask.Flask"})
_LATER = frozenset(
    {"on_event", "exception_handler", "middleware", "errorhandler", "before_request"}
)
_FIELDS = ("field_validator", "validator")


class Routing:
    """Knows which functions requests reach.

    Attributes:
        entries: Those functions, in the order of their definition.
        facts: What is true of the whole project, by the names of :mod:`facts`.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._includes: dict[External, Include] = {}
        self.facts: set[str] = set()

    def include_of(self, router: External) -> Include | None:
        """Where a router was first put below another one."""
        return self._includes.get(router)

    def decorated(
        self, frame: Frame, node: ast.expr, decorator: Value, made: Value, function: Function
    ) -> Value:
        """What a decorator makes of a function."""
        route = self._route(frame, node, decorator, made)
        if route:
            return made
        functions = things(decorator, Function)
        instances_ = things(decorator, Instance)
        if functions or instances_ or things(decorator, ClassObject):
            result = frame.run.invoke(frame, node, decorator, Arguments([made]))
            for new in things(result, Function):
                if new is not function and new.wrapped is None and new.node is not function.node:
                    new.wrapped = function.wrapped or function
            return result if result.objs else made
        for thing in things(decorator, External):
            if thing.name == "functools.wrapper":
                return frame.run.invoke(frame, node, decorator, Arguments([made]))
            if thing.name == "web.later":
                self._later(frame, node, thing, made)
            if thing.name.startswith("strawberry"):
                self.entries.append(Entry("graphql", ("POST",), "/graphql", made, frame, node))
        return made

    def _route(self, frame: Frame, node: ast.expr, decorator: Value, made: Value) -> bool:
        """Whether a decorator makes a function a route."""
        for thing in things(decorator, External):
            if thing.name == "web.route":
                self._add(frame, node, thing, made)
                return True
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            return False
        name = node.func.attr
        if name not in METHODS or not node.args or decorator.objs:
            return False
        path = node.args[0]
        if isinstance(path, ast.Constant) and isinstance(path.value, str):
            if path.value.startswith("/") or not path.value:
                thing = External("web.route", True, fields={})
                thing.named = {"@path": Value((path.value,)), "@name": Value((name,))}
                self._add(frame, node, thing, made)
                return True
        return False

    def _add(self, frame: Frame, node: ast.AST, thing: External, made: Value) -> None:
        path = one_text(thing.named.get("@path", UNKNOWN)) or ""
        name = one_text(thing.named.get("@name", UNKNOWN)) or "get"
        router = thing.named.get("@router", UNKNOWN)
        kind = (
            "flask" if any(t.name == "flask.Flask" for t in things(router, External)) else "fastapi"
        )
        entry = Entry(kind, _methods_of(frame, name, thing), path, made, frame, node)
        entry.router = router
        entry.options = thing.named
        self.entries.append(entry)

    def started(self, frame: Frame, node: ast.AST, given: Arguments) -> None:
        """What runs when an application starts: it logs, opens and sets up before any request."""
        for name in ("lifespan", "on_startup"):
            value = given.named.get(name, UNKNOWN)
            listed = [i for t in things(value, Container) for i in t.all()]
            for one in (value, *listed):
                if things(one, Function):
                    self.entries.append(Entry("startup", ("GET",), "", one, frame, node))

    def _later(self, frame: Frame, node: ast.AST, thing: External, made: Value) -> None:
        name = one_text(thing.given[0]) if thing.given else ""
        if name == "exception_handler":
            entry = Entry("handler", ("GET",), "", made, frame, node)
            entry.options = {"exception": thing.given[1]}
            self.entries.append(entry)
        elif name == "on_event":
            self.entries.append(Entry("startup", ("GET",), "", made, frame, node))
        elif name == "middleware":
            self.entries.append(Entry("starlette", ("GET",), "", made, frame, node))

    def class_decorated(
        self, frame: Frame, node: ast.expr, decorator: Value, cls: ClassObject
    ) -> None:
        """What a library's decorator makes of a class."""
        for thing in decorator.objs:
            name = getattr(thing, "name", "")
            if name.rpartition(".")[2] in ("dataclass", "define", "s", "frozen", "input", "type"):
                cls.attrs["@dataclass"] = Value((True,))
        called = node.func if isinstance(node, ast.Call) else node
        if getattr(called, "attr", getattr(called, "id", "")) in ("dataclass", "define", "frozen"):
            cls.attrs["@dataclass"] = Value((True,))

    def class_defined(self, frame: Frame, cls: ClassObject) -> None:
        """A class is there: note the validators of its fields."""
        self.facts |= log_facts(cls)
        for value in list(cls.attrs.values()):
            for function in things(value, Function):
                for decorator in getattr(function.node, "decorator_list", ()):
                    if not isinstance(decorator, ast.Call):
                        continue
                    called = decorator.func
                    name = (
                        called.attr
                        if isinstance(called, ast.Attribute)
                        else getattr(called, "id", "")
                    )
                    before = any(
                        k.arg == "mode" and getattr(k.value, "value", "") in ("before", "plain")
                        for k in decorator.keywords
                    )
                    after = any(
                        getattr(k.value, "value", "") == "after" for k in decorator.keywords
                    )
                    if name == "model_validator" and after:
                        frame.run.add_validator(cls, (), function, before=False)
                    if name in _FIELDS:
                        names = tuple(
                            a.value
                            for a in decorator.args
                            if isinstance(a, ast.Constant) and isinstance(a.value, str)
                        )
                        frame.run.add_validator(cls, names, function, before=before)

    def endpoint(self, frame: Frame, node: ast.AST, path: str, endpoint: Value) -> None:
        """A function or class that a route of Starlette names."""
        for cls in things(endpoint, ClassObject):
            for verb in METHODS:
                found = cls.lookup(verb)
                if found is not None and things(found, Function):
                    entry = Entry("starlette", (verb.upper(),), path, found, frame, node, owner=cls)
                    self.entries.append(entry)
        if things(endpoint, Function) or things(endpoint, Method):
            self.entries.append(Entry("starlette", ("GET",), path, endpoint, frame, node))

    def view(self, frame: Frame, node: ast.AST, path: str, view: Value) -> None:
        """A function that an address of Django names."""
        if things(view, Function):
            self.entries.append(Entry("django", ("GET",), path, view, frame, node))

    def router_method(
        self, frame: Frame, node: ast.AST, thing: External, name: str, given: Arguments
    ) -> Value | None:
        """A method of an application or router: routes, includes, what is called later."""
        if name in METHODS or name == "route":
            route = External("web.route", True, (), dict(given.named))
            route.named |= {
                "@path": given.at(0, "path" if thing.name == ROUTER else "rule"),
                "@name": Value((name,)),
                "@router": obj(thing),
            }
            return obj(route)
        if name in (
            "add_api_route",
            "add_route",
            "add_api_websocket_route",
            "add_websocket_route",
            "add_url_rule",
        ):
            path = given.at(0, "path")
            endpoint = given.given(1, "endpoint")
            if name == "add_url_rule":
                endpoint = given.given(2, "view_func")
            route = External("web.route", True, (), dict(given.named))
            route.named |= {"@path": path, "@name": Value(("api_route",)), "@router": obj(thing)}
            if endpoint is not None and things(endpoint, Function):
                self._add(frame, node, route, endpoint)
            elif endpoint is not None:
                self._bound_route(frame, node, route, endpoint)
            return UNKNOWN
        if name in ("include_router", "register_blueprint", "mount"):
            child = given.at(1 if name == "mount" else 0, "app" if name == "mount" else "router")
            prefix = (
                given.at(0, "path")
                if name == "mount"
                else given.named.get("prefix") or given.named.get("url_prefix")
            )
            text = one_text(prefix) if prefix is not None else ""
            for made in things(child, Instance):
                self._asgi(frame, node, made, text or "")
            for inner in things(child, External):
                self._includes.setdefault(inner, Include(thing, inner, text or "", given.named))
            return UNKNOWN
        if name == "add_middleware":
            self.facts |= host_facts(given.at(0), given)
            for cls in things(given.at(0), ClassObject):
                inner_app = Arguments([obj(External("web.Application", True))], dict(given.named))
                for made in things(frame.run.invoke(frame, node, obj(cls), inner_app), Instance):
                    self._asgi(frame, node, made, "")
            return UNKNOWN
        if name == "add_exception_handler":
            caught = External("web.later", True, (Value(("exception_handler",)), given.at(0)))
            self._later(frame, node, caught, given.at(1, "handler"))
            return UNKNOWN
        if name in _LATER:
            return obj(External("web.later", True, (Value((name,)), given.at(0))))
        return None

    def _asgi(self, frame: Frame, node: ast.AST, made: Instance, path: str) -> None:
        """An application or a middleware of the project's own class."""
        for name, kind in (("__call__", "asgi"), ("dispatch", "starlette")):
            found = made.cls.lookup(name)
            if found is not None and things(found, Function):
                called = bound(found, obj(made), made.cls, instance=True)
                self.entries.append(Entry(kind, ("GET",), path, called, frame, node))

    def _bound_route(self, frame: Frame, node: ast.AST, route: External, endpoint: Value) -> None:
        for thing in endpoint.objs:
            if type(thing) is Function or type(thing) is Method:
                self._add(frame, node, route, obj(thing))


def _methods_of(frame: Frame, name: str, thing: External) -> tuple[str, ...]:
    if name in ("api_route", "route"):
        given = thing.named.get("methods", UNKNOWN)
        made = [one_text(i) or "" for t in things(given, Container) for i in t.all()]
        return tuple(m.upper() for m in made if m) or ("GET",)
    return ("WEBSOCKET",) if name.startswith("websocket") else (name.upper(),)

"""What the frameworks do with functions: routes, dependencies, objects of a request."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.declared import fresh, is_model
from buckler.scan.engines.source.flow.entries import METHODS, Entry, Include
from buckler.scan.engines.source.flow.exceptions import Exceptions
from buckler.scan.engines.source.flow.facts import host_facts, log_facts, setting_facts
from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.libraries import methods
from buckler.scan.engines.source.flow.libraries.names import canonical
from buckler.scan.engines.source.flow.libraries.requests import (
    FLASK,
    PARAMS,
    params_element,
    request_attribute,
    request_method,
    scope_element,
)
from buckler.scan.engines.source.flow.libraries.returns import attribute_class, given_by
from buckler.scan.engines.source.flow.libraries.stored import row
from buckler.scan.engines.source.flow.models import fields_of
from buckler.scan.engines.source.flow.objects import (
    ClassObject,
    Container,
    External,
    Function,
    Instance,
    Method,
    things,
)
from buckler.scan.engines.source.flow.templates import (
    Templates,
    context_of,
    environment_escapes,
    environment_of,
    escapes_by_name,
)
from buckler.scan.engines.source.flow.values import (
    UNKNOWN,
    Source,
    Value,
    hole,
    join,
    obj,
    one_text,
    only,
)

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.parameters import Parameters

ROUTER = "fastapi.APIRouter"
ROUTERS = frozenset({ROUTER, "flask.Flask"})
INJECTED = frozenset(
    {"fastapi.Depends", "fastapi.Security", "fastapi.Query", "fastapi.Path", "fastapi.Header"}
    | {"fastapi.Cookie", "fastapi.Form", "fastapi.File", "fastapi.Body"}
)
_LATER = frozenset(
    {"on_event", "exception_handler", "middleware", "errorhandler", "before_request"}
)
CONSTANTS = {
    "os.sep": "/",
    "os.path.sep": "/",
    "os.linesep": "\n",
    "os.pardir": "..",
    "os.curdir": ".",
}
_RESTRICTING = {"pickle.Unpickler": "find_class"}
"""Classes of libraries that a subclass makes harmless by a method of its own."""
_COLUMNS = frozenset({"relationship", "mapped_column", "Relationship", "Field", "column_property"})
_FIELDS = ("field_validator", "validator")


class Web:
    """Knows FastAPI, Starlette, Flask and Django.

    Attributes:
        entries: The functions that requests reach, in the order of their definition.
        includes: Which router stands below which.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.includes: list[Include] = []
        self.parameters: Parameters | None = None
        self.exceptions = Exceptions()
        self.facts: set[str] = set()
        self.templates: Templates | None = None
        self.state = External("web.State", True)

    # Definitions

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

    def _later(self, frame: Frame, node: ast.AST, thing: External, made: Value) -> None:
        name = one_text(thing.given[0]) if thing.given else ""
        if name == "exception_handler":
            entry = Entry("handler", ("GET",), "", made, frame, node)
            entry.options = {"exception": thing.given[1]}
            self.entries.append(entry)
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
                    if name in _FIELDS:
                        names = tuple(
                            a.value
                            for a in decorator.args
                            if isinstance(a, ast.Constant) and isinstance(a.value, str)
                        )
                        frame.run.add_validator(cls, names, function, before=before)

    def injected(self, value: Value) -> bool:
        """Whether a default says where the value comes from, rather than what it is."""
        return any(t.name in INJECTED for t in things(value, External))

    def resolved(self, frame: Frame, node: ast.AST, value: Value) -> Value:
        """An attribute of a class-based view that is a dependency: what it gives."""
        if self.parameters is None or not value.objs:
            return value
        for thing in things(value, External):
            if thing.instance and thing.name in ("fastapi.Depends", "fastapi.Security"):
                return self.parameters.solved(frame, thing, UNKNOWN)
        return value

    # Calls

    def framework_call(
        self, frame: Frame, node: ast.AST, name: str, given: Arguments
    ) -> Value | None:
        """A call of a framework's function or class; None where it is none."""
        if name in INJECTED or name == "dataclasses.field":
            return obj(External(name, True, tuple(given.positional), given.named))
        if name in (
            "starlette.routing.Route",
            "starlette.routing.WebSocketRoute",
            "fastapi.routing.APIRoute",
        ):
            path = one_text(given.at(0, "path")) or ""
            self._endpoint(frame, node, path, given.at(1, "endpoint"))
        elif name in ("django.urls.path", "django.urls.re_path", "django.conf.urls.url"):
            self._view(frame, node, one_text(given.at(0, "route")) or "", given.at(1, "view"))
        elif name == "flask.render_template":
            self.responded(frame, node, given, 0)
            return Value(kind="str")
        elif name == "django.shortcuts.render":
            self.responded(frame, node, given, 1)
            return UNKNOWN
        elif name == "starlette.middleware.Middleware":
            self.facts |= host_facts(given.at(0), given)
        elif name in ("django.conf.settings.configure", "buckler.guard.Guard"):
            self.facts |= setting_facts(given)
        elif (
            name.startswith("pydantic.")
            and name.rpartition(".")[2]
            in (
                "Field",
                "StringConstraints",
                "constr",
            )
        ) or (
            name.startswith(("sqlalchemy.", "sqlmodel.")) and name.rpartition(".")[2] in _COLUMNS
        ):
            return obj(External(name, True, tuple(given.positional), given.named))
        elif name in ("typing.NamedTuple", "collections.namedtuple"):
            return UNKNOWN
        return None

    def _endpoint(self, frame: Frame, node: ast.AST, path: str, endpoint: Value) -> None:
        for cls in things(endpoint, ClassObject):
            for verb in METHODS:
                found = cls.lookup(verb)
                if found is not None and things(found, Function):
                    entry = Entry("starlette", (verb.upper(),), path, found, frame, node, owner=cls)
                    self.entries.append(entry)
        if things(endpoint, Function) or things(endpoint, Method):
            self.entries.append(Entry("starlette", ("GET",), path, endpoint, frame, node))

    def _view(self, frame: Frame, node: ast.AST, path: str, view: Value) -> None:
        if things(view, Function):
            self.entries.append(Entry("django", ("GET",), path, view, frame, node))

    def framework_method(
        self, frame: Frame, node: ast.AST, thing: External, name: str, given: Arguments
    ) -> Value | None:
        """A method of a framework's object; None where it is none."""
        if name == "TemplateResponse":
            self.responded(frame, node, given, 0, thing)
            return None
        if name == "__init__" and "@self" in thing.fields:
            self.exceptions.initialized(thing, given)
            frame.run.hits.reached(frame, node, canonical(thing.name), given)
            return UNKNOWN
        if thing.name in ROUTERS:
            return self._router_method(frame, node, thing, name, given)
        return request_method(frame, node, thing, name, given)

    def _router_method(
        self, frame: Frame, node: ast.AST, thing: External, name: str, given: Arguments
    ) -> Value | None:
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
            for inner in things(child, External):
                self.includes.append(Include(thing, inner, text or "", given.named))
            return UNKNOWN
        if name == "add_middleware":
            self.facts |= host_facts(given.at(0), given)
            return UNKNOWN
        if name == "add_exception_handler":
            caught = External("web.later", True, (Value(("exception_handler",)), given.at(0)))
            self._later(frame, node, caught, given.at(1, "handler"))
            return UNKNOWN
        if name in _LATER:
            return obj(External("web.later", True, (Value((name,)), given.at(0))))
        return None

    def _bound_route(self, frame: Frame, node: ast.AST, route: External, endpoint: Value) -> None:
        for thing in endpoint.objs:
            if type(thing) is Function or type(thing) is Method:
                self._add(frame, node, route, obj(thing))

    def called_instance(
        self, frame: Frame, node: ast.AST, thing: External, given: Arguments
    ) -> Value | None:
        """A call of a framework's object: ``app.get("/x")(handler)``."""
        if thing.name == "web.route":
            self._add(frame, node, thing, given.at(0))
            return given.at(0)
        if thing.name == "web.later":
            self._later(frame, node, thing, given.at(0))
            return given.at(0)
        return None

    # Attributes and elements

    def external_attribute(
        self, frame: Frame, node: ast.AST, thing: External, owner: Value, name: str
    ) -> Value:
        """An attribute of something of a library."""
        if name in thing.fields:
            return thing.fields[name]
        if not thing.instance:
            full = canonical(f"{thing.name}.{name}")
            if full in CONSTANTS:
                return Value((CONSTANTS[full],))
            if full == FLASK:
                return obj(External(FLASK, True))
            known = attribute_class(full)
            if known is not None:
                return obj(External(known, True))
            found = request_attribute(frame, node, thing, name) if thing.name == FLASK else None
            return found if found is not None else obj(External(full))
        if thing.name == "starlette.templating.Jinja2Templates" and name == "env":
            return environment_of(thing)
        found = request_attribute(frame, node, thing, name)
        if found is None:
            found = methods.external_attribute(frame, node, thing, owner, name)
        if found is not None:
            return found
        known = attribute_class(f"{thing.name}.{name}")
        if known is not None:
            return obj(External(known, True))
        single = owner if len(owner.objs) == 1 else Value(owner.alts, (thing,), owner.taints)
        if owner.taints:
            from buckler.scan.engines.source.flow.iterating import derived

            return Value(None, (Method(single, name),), derived(owner, "attribute", name))
        return obj(Method(single, name))

    def external_element(
        self, frame: Frame, node: ast.AST, thing: External, owner: Value, key: Value
    ) -> Value:
        """An element of something of a library."""
        if thing.name == PARAMS:
            return params_element(frame, node, thing, key)
        if thing.name == "asgi.scope":
            return scope_element(frame, node, key)
        if not thing.instance:
            return obj(thing)
        known = given_by(f"{thing.name}.__getitem__")
        if known is not None:
            return obj(External(known, True))
        if thing.name == "re.Match":
            return (
                methods.external_method(frame, node, thing, owner, "group", Arguments()) or UNKNOWN
            )
        text = one_text(key)
        if text is not None and f"[{text}]" in thing.fields:
            return thing.fields[f"[{text}]"]
        if owner.taints:
            from buckler.scan.engines.source.flow.iterating import derived

            return hole(derived(owner, "part", f"[{only(key)!r}]"))
        return UNKNOWN

    def attribute_set(
        self, frame: Frame, node: ast.Attribute, thing: External, value: Value
    ) -> None:
        """``x.attribute = value`` of something of a library: may be a sink."""
        full = f"{thing.name}.{node.attr}"
        frame.run.hits.reached(frame, node, f"{full}=", Arguments([value]))

    def element_set(
        self, frame: Frame, node: ast.Subscript, thing: External, key: Value, value: Value
    ) -> None:
        """``x[key] = value`` of something of a library: may be a sink."""
        text = one_text(key)
        if text is not None:
            name = f"[{text}]"
            old = thing.fields.get(name)
            thing.fields[name] = value if old is None else join([old, value])
        frame.run.hits.reached(frame, node, f"{thing.name}.__setitem__", Arguments([key, value]))

    def element_of(self, frame: Frame, node: ast.AST, thing: External, owner: Value) -> Value:
        """What iteration over something of a library gives."""
        if thing.name == PARAMS and thing.source is not None:
            s = thing.source
            return fresh(frame, Source(s.kind, "*", s.path, s.line, s.text))
        if thing.name in ("tarfile.TarFile", "zipfile.ZipFile"):
            found = methods.external_method(frame, node, thing, owner, "__iter__", Arguments())
            each = things(found, Container) if found is not None else []
            return each[0].element() if each else UNKNOWN
        if thing.name in ("dbapi.Cursor", "sqlalchemy.Result"):
            return row(frame, node, thing.row)
        if owner.taints:
            return hole(owner.taints)
        return UNKNOWN

    # Blocks

    def entered(self, frame: Frame, node: ast.AST, thing: Any, manager: Value) -> Value:
        """What ``with`` binds of something of a library."""
        if type(thing) is External:
            for name in ("__enter__", "__aenter__"):
                known = given_by(f"{thing.name}.{name}")
                if known is not None:
                    made = External(known, True, thing.given, thing.named, row=thing.row)
                    return Value(None, (made,), manager.taints)
        return Value(None, (thing,), manager.taints)

    def suppresses(self, manager: Value) -> bool:
        """Whether a block goes on after an exception in it."""
        return any(t.name == "contextlib.suppress" for t in things(manager, External))

    def row_field(self, frame: Frame, node: ast.AST, made: Instance, name: str) -> Value | None:
        """A column of an object that is no request's: nothing is known of it."""
        return None

    def library_made(self, frame: Frame, node: ast.AST, cls: ClassObject, given: Arguments) -> None:
        """An object whose class derives from one of a library: its constructor may be a sink."""
        for base in cls.external_bases():
            own = _RESTRICTING.get(canonical(base))
            if own is not None and cls.lookup(own) is not None:
                continue
            frame.run.hits.reached(frame, node, canonical(base), given)

    def path_suffix(self, name: str) -> str:
        """``:path`` where the route says so of a parameter."""
        return ""

    def rendered(self, frame: Frame, node: ast.AST, thing: External, given: Arguments) -> Value:
        """The text that a template gives: what it shows has been looked at by then."""
        name = one_text(thing.given[0]) if thing.given else None
        if name is not None and self.templates is not None:
            escapes = environment_escapes(thing.named.get("@environment", UNKNOWN), name)
            context = context_of(frame, given, (0,))
            self.templates.render(frame, node, name, context, escapes=escapes)
        return Value(kind="str")

    def responded(
        self,
        frame: Frame,
        node: ast.AST,
        given: Arguments,
        first: int,
        thing: External | None = None,
    ) -> None:
        """``TemplateResponse(request, name, context)``, in the older order without the request as well."""
        number = next(
            (n for n in (first, first + 1) if one_text(given.at(n, "name")) is not None), None
        )
        if number is None or self.templates is None:
            return
        name = one_text(given.at(number, "name")) or ""
        context = context_of(frame, given, (number + 1,))
        escapes = escapes_by_name(name)
        if thing is not None:
            escapes = environment_escapes(environment_of(thing), name)
        self.templates.render(frame, node, name, context, escapes=escapes)


def _methods_of(frame: Frame, name: str, thing: External) -> tuple[str, ...]:
    if name in ("api_route", "route"):
        given = thing.named.get("methods", UNKNOWN)
        made = [one_text(i) or "" for t in things(given, Container) for i in t.all()]
        return tuple(m.upper() for m in made if m) or ("GET",)
    return ("WEBSOCKET",) if name.startswith("websocket") else (name.upper(),)


__all__ = ["Web", "fields_of", "is_model"]

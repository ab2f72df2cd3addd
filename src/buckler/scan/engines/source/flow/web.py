"""What the frameworks do with functions: routes, dependencies, objects of a request."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.declared import fresh
from buckler.scan.engines.source.flow.exceptions import Exceptions
from buckler.scan.engines.source.flow.facts import host_facts, setting_facts
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
from buckler.scan.engines.source.flow.libraries.sessions import SESSION, kept
from buckler.scan.engines.source.flow.libraries.stored import named_below, row
from buckler.scan.engines.source.flow.objects import (
    ClassObject,
    Container,
    External,
    Function,
    Instance,
    Method,
    things,
)
from buckler.scan.engines.source.flow.routing import ROUTERS, Routing
from buckler.scan.engines.source.flow.templates import (
    Templates,
    context_of,
    environment_escapes,
    environment_of,
    escapes_by_name,
    written_in,
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

INJECTED = frozenset(
    {"fastapi.Depends", "fastapi.Security", "fastapi.Query", "fastapi.Path", "fastapi.Header"}
    | {"fastapi.Cookie", "fastapi.Form", "fastapi.File", "fastapi.Body"}
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


class Web(Routing):
    """Knows FastAPI, Starlette, Flask and Django."""

    def __init__(self) -> None:
        super().__init__()
        self.parameters: Parameters | None = None
        self.exceptions = Exceptions()
        self.templates: Templates | None = None
        self.state = External("web.State", True)
        self.session = External(SESSION, True)
        self.app = External("fastapi.APIRouter", True)
        self.app_state = External("web.State", True)

    # Definitions

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
        if name == "fastapi.FastAPI":
            self.started(frame, node, given)
        if name in INJECTED or name == "dataclasses.field":
            return obj(External(name, True, tuple(given.positional), given.named))
        if name in (
            "starlette.routing.Route",
            "starlette.routing.WebSocketRoute",
            "fastapi.routing.APIRoute",
        ):
            path = one_text(given.at(0, "path")) or ""
            self.endpoint(frame, node, path, given.at(1, "endpoint"))
        elif name in ("django.urls.path", "django.urls.re_path", "django.conf.urls.url"):
            self.view(frame, node, one_text(given.at(0, "route")) or "", given.at(1, "view"))
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
        if thing.name in ("asgi.scope", "asgi.message") and name in ("get", "setdefault"):
            return self.external_element(frame, node, thing, obj(thing), given.at(0))
        if thing.name in ROUTERS:
            return self.router_method(frame, node, thing, name, given)
        return request_method(frame, node, thing, name, given)

    def called_instance(
        self, frame: Frame, node: ast.AST, thing: External, given: Arguments
    ) -> Value | None:
        """A call of a framework's object: ``app.get("/x")(handler)``."""
        if thing.name == "web.call_next":
            return obj(External("starlette.responses.Response", True))
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
            written = f"{thing.origin or thing.name}.{name}"
            full = canonical(f"{thing.name}.{name}")
            if full in CONSTANTS:
                return Value((CONSTANTS[full],))
            if full == FLASK:
                return obj(External(FLASK, True))
            known = attribute_class(full)
            if known is not None:
                return obj(External(known, True))
            found = request_attribute(frame, node, thing, name) if thing.name == FLASK else None
            if found is not None:
                return found
            return obj(External(full) if full == written else External(full, origin=written))
        if thing.name == "starlette.templating.Jinja2Templates" and name == "env":
            return environment_of(thing)
        found = request_attribute(frame, node, thing, name)
        if found is None:
            found = methods.external_attribute(frame, node, thing, owner, name)
        if found is not None:
            return found
        known = attribute_class(f"{thing.name}.{name}") or named_below(thing.name, name)
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
        if thing.name == "asgi.message":
            return obj(External("web.raw_headers", True)) if one_text(key) == "headers" else UNKNOWN
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
        if thing.name == SESSION:
            kept(frame, thing, text, value)
        elif text is not None:
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
                    same = thing.origin if known == thing.name else ""
                    made = External(
                        known, True, thing.given, thing.named, row=thing.row, origin=same
                    )
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
            if own is not None and _restricts(cls, own):
                continue
            frame.run.hits.reached(frame, node, canonical(base), given)

    def path_suffix(self, name: str) -> str:
        """``:path`` where the route says so of a parameter."""
        return ""

    def rendered(self, frame: Frame, node: ast.AST, thing: External, given: Arguments) -> Value:
        """The text that a template gives: what it shows has been looked at by then."""
        name = one_text(thing.given[0]) if thing.given else None
        if name is not None and self.templates is not None:
            environment = thing.named.get("@environment", UNKNOWN)
            escapes = environment_escapes(environment, name)
            context = context_of(frame, given, (0,))
            text = written_in(environment, name)
            self.templates.render(frame, node, name, context, escapes=escapes, text=text)
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


def _restricts(cls: ClassObject, name: str) -> bool:
    """Whether a method of a subclass lets single names through only, or none at all."""
    found = cls.lookup(name)
    for function in things(found, Function) if found is not None else ():
        args = function.node.args.args
        last = args[-1].arg if args else ""
        body = function.node
        lets = any(
            (isinstance(n, ast.Attribute) and n.attr == name)
            or (isinstance(n, ast.Name) and n.id == "getattr")
            for n in ast.walk(body)
        )
        looked_up = any(
            isinstance(n, ast.Compare)
            and any(isinstance(op, ast.In | ast.NotIn) for op in n.ops)
            and last in {m.id for m in ast.walk(n.left) if isinstance(m, ast.Name)}
            for n in ast.walk(body)
        )
        return looked_up or not lets
    return False

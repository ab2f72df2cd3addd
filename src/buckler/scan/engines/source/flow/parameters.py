"""What a request puts into the parameters of a function, and what dependencies give."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.declared import (
    HARMLESS,
    constrained,
    input_of,
    is_model,
    metadata,
    refined,
    type_of,
    unwrapped,
)
from buckler.scan.engines.source.flow.entries import Entry
from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.libraries.names import FORM, canonical
from buckler.scan.engines.source.flow.libraries.requests import (
    DJANGO,
    REQUESTS,
    STARLETTE,
    UPLOAD,
)
from buckler.scan.engines.source.flow.libraries.returns import class_known
from buckler.scan.engines.source.flow.objects import (
    ClassObject,
    Container,
    External,
    Function,
    Instance,
    Method,
    things,
)
from buckler.scan.engines.source.flow.values import UNKNOWN, Source, Value, join, obj, one_text

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.run import Run

_PLACES = {
    "fastapi.Query": "query",
    "fastapi.Path": "path",
    "fastapi.Header": "header",
    "fastapi.Cookie": "cookie",
    "fastapi.Form": "form",
    "fastapi.File": "file",
    "fastapi.Body": "json",
}
_TEMPLATE = re.compile(r"\{(\w+)(:\w+)?\}|<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>")
_GIVEN = frozenset({"starlette.responses.Response", "starlette.background.BackgroundTasks"})
SECURITY = {
    "fastapi.security.OAuth2PasswordBearer": "header:authorization",
    "fastapi.security.OAuth2AuthorizationCodeBearer": "header:authorization",
    "fastapi.security.OAuth2": "header:authorization",
    "fastapi.security.OpenIdConnect": "header:authorization",
    "fastapi.security.HTTPBearer": "header:authorization",
    "fastapi.security.HTTPBasic": "header:authorization",
    "fastapi.security.HTTPDigest": "header:authorization",
    "fastapi.security.APIKeyHeader": "header",
    "fastapi.security.APIKeyQuery": "query",
    "fastapi.security.APIKeyCookie": "cookie",
}
_OBJECTS = frozenset(
    {"fastapi.security.HTTPBearer", "fastapi.security.HTTPBasic", "fastapi.security.HTTPDigest"}
)
MOST_DEPENDENCIES = 25
"""So many dependencies that stand on each other are followed."""
_FIRST = {"django": DJANGO, "starlette": STARLETTE, "handler": STARLETTE}
_FORMS = frozenset(
    {
        "fastapi.security.OAuth2PasswordRequestForm",
        "fastapi.security.OAuth2PasswordRequestFormStrict",
    }
)


class Parameters:
    """Fills the parameters of one entry point.

    Args:
        run: The run.
        entry: Whose request it is.
    """

    def __init__(self, run: Run, entry: Entry) -> None:
        self._run = run
        self._entry = entry
        self._solved: dict[tuple[int, int], Value] = {}
        self._solving: set[tuple[int, int]] = set()
        self.path = {
            (m.group(1) or m.group(4)): (m.group(2) or m.group(3) or "")
            for m in _TEMPLATE.finditer(entry.path)
        }

    def of(self, frame: Frame, function: Function) -> Arguments:
        """What a function is given by name."""
        shape = function.wrapped or function
        args = shape.node.args
        named: dict[str, Value] = {}
        plain = [*args.posonlyargs, *args.args]
        if shape.bound is not None or function.bound is not None:
            plain = plain[1:]
        elif shape.owner is not None and plain and plain[0].arg in ("self", "cls"):
            named[plain[0].arg] = obj(Instance(shape.owner, self._run.path))
            plain = plain[1:]
        scope = Frame(self._run, shape.module, None, shape.frame)
        # What a dependency checks is checked for the handler.
        scope.state = frame.state or scope.state
        bodies = self._bodies(scope, [*plain, *args.kwonlyargs], shape)
        for number, arg in enumerate([*plain, *args.kwonlyargs]):
            given = _FIRST.get(self._entry.kind)
            if given is not None and number == 0:
                named[arg.arg] = obj(External(given, True))
                continue
            if self._entry.kind == "handler" and number == 1:
                kinds = self._entry.options["exception"]
                coded = kinds.alts is not None  # a handler of a status code
                made = UNKNOWN if coded else self._run.web.exceptions.of(scope, kinds, arg)
                named[arg.arg] = made
                continue
            if self._entry.kind == "asgi" or (self._entry.kind == "startup" and number == 0):
                asked = External("asgi.scope", True) if arg.arg == "scope" else None
                app = self._run.web.app if self._entry.kind == "startup" else None
                named[arg.arg] = obj(asked or app) if asked or app else UNKNOWN
                continue
            named[arg.arg] = self._one(scope, shape, arg, bodies)
            self._run.validate(scope, arg, named[arg.arg])
        return Arguments([], named)

    def _one(self, frame: Frame, function: Function, arg: ast.arg, bodies: int) -> Value:
        frame.line = arg.lineno
        kind = type_of(frame, arg.annotation)
        markers = [t for m in metadata(kind) for t in things(m, External)]
        default = function.defaults.get(arg.arg)
        if default is not None:
            markers += things(default, External)
        for marker in markers:
            if marker.name in ("fastapi.Depends", "fastapi.Security"):
                return self.solved(frame, marker, unwrapped(kind))
        for marker in markers:
            if marker.name in _PLACES:
                return self._marked(frame, arg, kind, marker, bodies)
        return self._plain(frame, arg, kind, bodies)

    def _marked(
        self, frame: Frame, arg: ast.arg, kind: Value, marker: External, bodies: int
    ) -> Value:
        place = _PLACES[marker.name]
        self._parses(frame, place)
        name = one_text(marker.named.get("alias", UNKNOWN)) or arg.arg
        if place == "header":
            name = name.lower().replace("_", "-")
        if place == "path":
            name += self._suffix(arg.arg)
        cls = next(iter(things(unwrapped(kind), ClassObject)), None)
        if cls is not None and is_model(cls):
            name = "" if place != "json" or bodies < 2 else arg.arg
        source = self._source(frame, arg, place, name)
        if place == "file" and not _names(kind, UPLOAD):
            source = self._source(frame, arg, "file", name)
        return constrained(frame, input_of(frame, kind, source), marker.named)

    def _plain(self, frame: Frame, arg: ast.arg, kind: Value, bodies: int) -> Value:
        if arg.arg in self.path:
            if self.path[arg.arg] in ("int", "uuid", "float", ":int", ":uuid"):
                return Value(kind="int")
            source = self._source(frame, arg, "path", arg.arg + self._suffix(arg.arg))
            return input_of(frame, kind, source)
        inner = unwrapped(kind)
        special = self._special(frame, inner)
        if special is not None:
            return special
        if arg.arg == "call_next":
            return obj(External("web.call_next", True))
        if self._entry.kind in ("request", "starlette", "asgi", "handler", "startup"):
            return UNKNOWN
        if self._entry.kind == "graphql":
            return input_of(frame, kind, self._source(frame, arg, "json", arg.arg))
        if arg.annotation is None and self._entry.kind not in ("fastapi",):
            return obj(External(DJANGO, True)) if arg.arg == "request" else UNKNOWN
        classes = [c for c in things(inner, ClassObject) if is_model(c)]
        place = "json" if classes or _is_body(inner) else "query"
        name = arg.arg
        if classes:
            name = arg.arg if bodies > 1 else ""
        elif place == "json" and bodies < 2:
            name = ""
        if _names(inner, UPLOAD):
            place = "file"
            name = arg.arg
            self._parses(frame, place)
        return input_of(frame, kind, self._source(frame, arg, place, name))

    def _special(self, frame: Frame, kind: Value) -> Value | None:
        """Objects that the framework gives: the request itself, a response, background tasks."""
        for thing in things(kind, External):
            known = class_known(canonical(thing.name))
            if known in REQUESTS or known in _GIVEN:
                return obj(External(known, True))
            if known in _FORMS:
                return self._form(frame)
            if (
                thing.name.startswith(("fastapi.", "starlette."))
                and not thing.instance
                and known != UPLOAD
            ):
                return obj(External(known, True))
        return None

    def _parses(self, frame: Frame, place: str) -> None:
        if self._run.graph is not None and place in ("form", "file"):
            self._run.graph.called(frame, self._run.nowhere, FORM, Arguments())

    def _form(self, frame: Frame) -> Value:
        self._parses(frame, "form")
        made = External("web.Form", True)
        for name in ("username", "password", "scope", "client_id", "client_secret"):
            source = Source("form", name, frame.module.path, frame.line or 1, "")
            from buckler.scan.engines.source.flow.declared import fresh

            made.fields[name] = fresh(frame, source, "str")
        return obj(made)

    def solved(self, frame: Frame, marker: External, annotation: Value) -> Value:
        """What ``Depends(f)`` gives; once for each request."""
        target = marker.given[0] if marker.given else marker.named.get("dependency", annotation)
        made = []
        for thing in target.objs:
            key = (id(getattr(thing, "node", thing)), id(getattr(thing, "frame", None)))
            if key not in self._solved:
                deep = len(self._solving) >= MOST_DEPENDENCIES
                self._run.shortened = self._run.shortened or deep
                if deep or key in self._solving:
                    return UNKNOWN
                self._solving.add(key)
                self._solved[key] = self._remembered(frame, thing, key)
                self._solving.discard(key)
            made.append(self._solved[key])
        value = join(made) if made else UNKNOWN
        if not value.objs and value.alts is None and not value.taints:
            value = _as_annotated(frame, value, annotation)
        return value

    def _remembered(self, frame: Frame, thing: object, key: tuple[int, int]) -> Value:
        """What a dependency gives, for all routes whose paths have the same names at once."""
        place = (key, tuple(sorted(self.path.items())), self._entry.kind)
        known = self._run.dependencies.get(place)
        if known is not None:
            value, clears, guarded = known
            self._entry.guarded = self._entry.guarded or guarded
            if frame.state is not None:
                frame.state.clear(clears)
            return value
        before = frame.state.cleared if frame.state is not None else {}
        outer, self._entry.guarded = self._entry.guarded, False
        value = self._dependency(frame, thing)
        guarded, self._entry.guarded = self._entry.guarded, outer or self._entry.guarded
        after = frame.state.cleared if frame.state is not None else before
        clears = {t: k for t, k in after.items() if before.get(t, 0) | k != before.get(t, 0)}
        self._run.dependencies[place] = (value, clears, guarded)
        return value

    def _dependency(self, frame: Frame, thing: object) -> Value:
        run = self._run
        if type(thing) is External:
            return self._security(frame, thing)
        if type(thing) is Method:
            return run.invoke(frame, run.nowhere, obj(thing), Arguments())
        if type(thing) is Function:
            return self._given(self._call(frame, thing))
        if type(thing) is Instance:
            called = run.field(frame, run.nowhere, thing, "__call__")
            found = things(called, Function)
            return self._given(self._call(frame, found[0])) if found else UNKNOWN
        if type(thing) is ClassObject:
            return self._object(frame, thing)
        return UNKNOWN

    def _object(self, frame: Frame, cls: ClassObject) -> Value:
        """A class as dependency: its constructor's parameters are the request's."""
        run = self._run
        init = cls.lookup("__init__")
        found = things(init, Function) if init is not None else []
        if found:
            given = self.of(frame, found[0])
            given.named.pop("self", None)
            return run.invoke(frame, run.nowhere, obj(cls), given)
        source = Source(
            "query", "", cls.module.path, cls.node.lineno, cls.module.line(cls.node.lineno)
        )
        return obj(Instance(cls, run.path, source))

    def _security(self, frame: Frame, thing: External) -> Value:
        place = SECURITY.get(thing.name)
        if place is None:
            if thing.name in _FORMS:
                return self._form(frame)
            known = class_known(thing.name)
            return (
                obj(External(known, True))
                if not thing.instance and known != thing.name
                else UNKNOWN
            )
        self._entry.guarded = True
        kind, _, name = place.partition(":")
        name = name or one_text(thing.named.get("name", UNKNOWN)) or "key"
        source = Source(kind, name, frame.module.path, frame.line or 1, "")
        if thing.name in _OBJECTS:
            return obj(External("web.Credentials", True, source=source))
        from buckler.scan.engines.source.flow.declared import fresh

        return fresh(frame, source, "str")

    def _call(self, frame: Frame, function: Function) -> Value:
        from buckler.scan.engines.source.flow.functions import call_function

        return call_function(frame, function.node, function, self.of(frame, function), direct=False)

    def _given(self, value: Value) -> Value:
        """A dependency that yields gives what it yields."""
        made = [
            t.element() if type(t) is Container and t.kind == "generator" else None
            for t in value.objs
        ]
        if not any(m is not None for m in made):
            return value
        return join([m for m in made if m is not None])

    def _suffix(self, name: str) -> str:
        return ":path" if self.path.get(name) in (":path", "path") else ""

    def _source(self, frame: Frame, arg: ast.arg, place: str, name: str) -> Source:
        line = arg.lineno
        return Source(place, name, frame.module.path, line, frame.module.line(line))

    def _bodies(self, frame: Frame, args: list[ast.arg], function: Function) -> int:
        """How many parameters share the body: with more than one, each is a member of it."""
        count = 0
        for arg in args:
            kind = unwrapped(type_of(frame, arg.annotation))
            default = function.defaults.get(arg.arg)
            names = {t.name for t in things(default, External)} if default is not None else set()
            names |= {
                t.name
                for m in metadata(type_of(frame, arg.annotation))
                for t in things(m, External)
            }
            if names & {
                "fastapi.Depends",
                "fastapi.Security",
                *(_PLACES.keys() - {"fastapi.Body"}),
            }:
                continue
            if "fastapi.Body" in names or any(is_model(c) for c in things(kind, ClassObject)):
                count += 1
        return count


def _names(kind: Value, name: str) -> bool:
    """Whether a type is of that name, or made of one that is; an alias may stand in it many times."""
    waiting, seen = [kind], {id(kind)}
    while waiting:
        for thing in things(unwrapped(waiting.pop()), External):
            if canonical(thing.name) == name:
                return True
            new = [g for g in thing.given if id(g) not in seen]
            seen.update(id(g) for g in new)
            waiting += new
    return False


def _is_body(kind: Value) -> bool:
    """Types that FastAPI takes from the body: dictionaries, and lists of models."""
    for thing in things(kind, External):
        name = canonical(thing.name)
        if name in ("builtins.dict", "typing.Dict", "typing.Any", "typing.Mapping"):
            return True
        if thing.given and any(is_model(c) for g in thing.given for c in things(g, ClassObject)):
            return True
    return False


def _as_annotated(frame: Frame, value: Value, annotation: Value) -> Value:
    made: list[object] = []
    for thing in annotation.objs:
        if type(thing) is ClassObject:
            made.append(Instance(thing, frame.run.path))
        elif type(thing) is External and not thing.instance:
            known = class_known(canonical(thing.name))
            if not known.startswith(("builtins.", "typing.")):
                made.append(External(known, True))
    return Value(None, tuple(made)) if made else value


__all__ = ["HARMLESS", "Parameters", "refined"]
